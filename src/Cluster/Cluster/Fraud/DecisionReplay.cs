using Lambda.BatchLayer.Models.Fraud;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Fraud;

/// <summary>Replays decisions with what an installation keeps.</summary>
/// <param name="models">By hash; null when it is not kept any more.</param>
/// <param name="tables">Acceptors by epoch; null likewise.</param>
/// <param name="rules">By hash; null likewise.</param>
internal sealed class DecisionReplay(
    IMemberReads reads, Func<string, CancellationToken, Task<NamedModel?>> models, Func<long, CancellationToken, Task<IAcceptorTable?>> tables, Func<string, IFraudRules?> rules, Func<FraudPolicy> policy) : IDecisionReplay
{
    private const int PageEvents = 1_000;

    public async Task<ReplayReport> ReplayAsync(AuthorizationRecordRow row, CancellationToken cancel)
    {
        var (recorded, missing) = (AuthorizationJson.Read(row.Body), new List<string>());
        var (transaction, memory) = await MemoryAsync(row, recorded, cancel);
        var champion = recorded.Model is { } model ? await Kept("model", models(model, cancel), missing) : null;
        var challenger = recorded.Challenger is { } other ? await Kept("challenger", models(other, cancel), missing) : null;
        var table = await Kept("acceptors", tables(recorded.AcceptorsEpoch, cancel), missing);
        var named = await Kept("rules", Task.FromResult(recorded.Rules is { } hash ? rules(hash) : null), missing);
        var basis = DecisionBasis.Nothing with { Scoring = new Scoring(table ?? NoAcceptors.Instance, champion, challenger), Rules = named ?? DecisionBasis.Nothing.Rules, Policy = policy() };
        var judge = new Judge();
        var again = judge.Again(transaction, memory, recorded, basis);
        if (table is not null)
        {
            var features = new float[FraudFeatures.Count];
            judge.Compute(FraudEvents.TransactionOf(transaction), memory, table, recorded.LabelDelayDays, features);
            again = again with { Features = features };
        }
        return new ReplayReport(recorded, again, [.. Differing(recorded, again).Where(d => !IsOf(d, missing))], missing);
    }

    private static async Task<T?> Kept<T>(string what, Task<T?> found, List<string> missing) where T : class
    {
        var it = await found;
        if (it is null) missing.Add(what);
        return it;
    }

    /// <summary>What cannot be made again differs in any case.</summary>
    private static bool IsOf(string differing, List<string> missing) => differing switch
    {
        "score" => missing.Contains("model"),
        "challenger_score" => missing.Contains("challenger"),
        "features" => missing.Contains("acceptors"),
        _ => missing.Contains("model") || missing.Contains("rules"),
    };

    private static IEnumerable<string> Differing(Judgement recorded, Judgement again)
    {
        if (!recorded.Features.AsSpan().SequenceEqual(again.Features)) yield return "features";
        if (!recorded.Score.Equals(again.Score)) yield return "score";
        if (!recorded.ChallengerScore.Equals(again.ChallengerScore)) yield return "challenger_score";
        if (recorded.Decision != again.Decision) yield return "decision";
        if (!recorded.Reasons.SequenceEqual(again.Reasons)) yield return "reasons";
        if (!recorded.Fired.SequenceEqual(again.Fired)) yield return "fired";
        if (!recorded.Shadow.SequenceEqual(again.Shadow)) yield return "shadow";
        if (!recorded.Suppressed.SequenceEqual(again.Suppressed)) yield return "suppressed";
    }

    /// <summary>The transaction, and the customer's memory of the distinct events below the recorded position, in the order of the log.</summary>
    private async Task<(EventRow Transaction, CustomerFraudMemory Memory)> MemoryAsync(AuthorizationRecordRow row, Judgement recorded, CancellationToken cancel)
    {
        var (parser, events, transaction) = (new EventParser { IsOfLog = true }, new List<(long Offset, FraudEvent Event)>(), new EventRow());
        EventCursor? at = null;
        IReadOnlyList<CustomerEventRow> page;
        do
        {
            page = await reads.EventsAsync(row.Customer, at, PageEvents, cancel);
            foreach (var it in page)
                if (it.Offset < recorded.StateOffset && Decode(parser, it.Body) is { } decoded && FraudEvents.TryOf(decoded, out var fraud)) events.Add((it.Offset, fraud));
            if (page.Count > 0) at = page[^1].Cursor;
        }
        while (page.Count == PageEvents);
        var memory = new CustomerFraudMemory();
        foreach (var (_, it) in events.OrderBy(e => e.Offset)) memory.Apply(it);
        return (Decode(parser, AuthorizationRecord.RequestOf(row.Body)) ?? throw new InvalidDataException("the record is no transaction under the rules of today"), memory);
    }

    private static EventRow? Decode(EventParser parser, ReadOnlyMemory<byte> body)
    {
        if (!parser.TryParse(body.Span, long.MaxValue - EventParser.MaxAheadMicros, out var record, out _)) return null;
        var row = new EventRow();
        RecordCodec.Read(record.ToArray(), row);
        return row;
    }
}
