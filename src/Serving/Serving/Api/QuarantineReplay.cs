using System.IO.Pipelines;
using Lambda.Domain.Events;
using Lambda.Serving.Http;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>
/// Sends quarantined lines through the intake again, under the source they came from: what is refused again is known to quarantine and not stored twice.
/// A line that held a card number is never sent: what is kept of it is masked, and an event is not taken with stars in it.
/// </summary>
internal sealed class QuarantineReplay(ServingParts parts)
{
    private const int LinesPerRequest = 500;
    private const int PageSize = 1_000;
    public sealed record Report(long Replayed, IReadOnlyList<(long Id, string Field, string Reason)> Refused);

    public async Task<Report> RunAsync(IReadOnlySet<long>? ids, string? reason, int limit, CancellationToken cancel)
    {
        long replayed = 0;
        var refused = new List<(long, string, string)>();
        var chosen = Select(ids, reason, limit).ToLookup(e => e.Reason == Reasons.CardNumber);
        refused.AddRange(chosen[true].Select(e => (e.Id, e.Field, $"{Reasons.CardNumber}: only the masked line is kept; send the event again with a token")));
        foreach (var group in chosen[false].GroupBy(e => e.Source))
            foreach (var chunk in group.Chunk(LinesPerRequest))
                replayed += await ReplayAsync(chunk, group.Key, refused, cancel);
        return new Report(replayed, refused);
    }

    private List<QuarantineEntry> Select(IReadOnlySet<long>? ids, string? reason, int limit)
    {
        var chosen = new List<QuarantineEntry>();
        for (long after = 0; chosen.Count < limit;)
        {
            var page = parts.Quarantine.List(after, PageSize, reason, includeReplayed: false);
            if (page.Count == 0) break;
            after = page[^1].Id;
            chosen.AddRange(page.Where(e => ids?.Contains(e.Id) ?? e.Reason != Reasons.ConflictingDuplicate).Take(limit - chosen.Count));
        }
        return chosen;
    }

    private async Task<long> ReplayAsync(QuarantineEntry[] chunk, string source, List<(long, string, string)> refused, CancellationToken cancel)
    {
        var intake = await parts.Intake.IngestAsync(PipeReader.Create(new(Lines(chunk))), source, firstLine: 1, cancel);
        if (intake is not Intake.Done done) throw new ProblemException(Hindered(intake));

        var bad = done.Rejected.ToDictionary(r => r.Line);
        var good = new List<long>();
        for (var i = 0; i < chunk.Length; i++)
        {
            if (chunk[i].Raw.IsEmpty) refused.Add((chunk[i].Id, "", "empty"));
            else if (bad.TryGetValue(i + 1, out var line)) refused.Add((chunk[i].Id, line.Field, line.Reason));
            else good.Add(chunk[i].Id);
        }
        parts.Quarantine.MarkReplayed(good, parts.NowMs);
        return good.Count;
    }

    /// <summary>One line each. Line breaks inside an entry (an element of an array that was laid out) are white space in JSON, so a blank says the same.</summary>
    private static byte[] Lines(QuarantineEntry[] chunk)
    {
        var lines = new byte[chunk.Sum(e => e.Raw.Length + 1)];
        var at = 0;
        foreach (var entry in chunk)
        {
            entry.Raw.Span.CopyTo(lines.AsSpan(at));
            lines.AsSpan(at, entry.Raw.Length).Replace((byte)'\n', (byte)' ');
            at += entry.Raw.Length;
            lines[at++] = (byte)'\n';
        }
        return lines;
    }

    private static Problem Hindered(Intake intake) => intake switch
    {
        Intake.Busy busy => new Problem(StatusCodes.Status429TooManyRequests, "busy", $"{busy.Queue} is full", busy.RetryAfter),
        Intake.Unavailable no => new Problem(StatusCodes.Status503ServiceUnavailable, "unavailable", no.Reason, no.RetryAfter),
        Intake.TooLarge large => new Problem(StatusCodes.Status413PayloadTooLarge, "too-large", $"{large.What}: the limit is {large.Limit}"),
        _ => throw new InvalidOperationException($"unknown intake {intake}"),
    };
}
