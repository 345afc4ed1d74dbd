using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Worker;

namespace Lambda.BatchLayer.Privacy;

/// <summary>Quarantined lines: those whose customer_id is the person's, and those that cannot be read but hold the id as a word of its own.</summary>
public sealed class QuarantineErasure(IQuarantine quarantine) : IErasable
{
    private const int Page = 1_000;

    public string Store => "quarantine";

    public Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel)
    {
        var own = new List<long>();
        for (var (after, more) = (0L, true); more;)
        {
            cancel.ThrowIfCancellationRequested();
            var entries = quarantine.List(after, Page, null, includeReplayed: true);
            own.AddRange(entries.Where(e => e.AtMs <= target.AppendedAtMs && IsOf(target.Person, e)).Select(e => e.Id));
            more = entries.Count == Page;
            if (more) after = entries[^1].Id;
        }
        quarantine.Delete(own); // none, too: what an earlier pass deleted may still stand in the file
        return Task.FromResult(new Removal(own.Count));
    }

    /// <summary>Whether an entry is about this customer.</summary>
    public static bool IsOf(CustomerId customer, QuarantineEntry entry)
    {
        try
        {
            using var json = JsonDocument.Parse(entry.Raw);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("customer_id", out var id))
                return id.ValueKind is JsonValueKind.String or JsonValueKind.Number && Encoding.UTF8.GetBytes(id.ToString()).AsSpan().SequenceEqual(customer.Utf8);
        }
        catch (JsonException)
        {
            // Then it is looked for as it stands.
        }
        return Words.Holds(entry.Raw.Span, customer.Utf8) || Words.Holds(Encoding.UTF8.GetBytes(entry.Detail), customer.Utf8);
    }
}

/// <summary>Finds an id in text as a word of its own: `c1` is not in `c12`.</summary>
public static class Words
{
    public static bool Holds(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word)
    {
        for (var from = 0; text[from..].IndexOf(word) is >= 0 and var at; from += at + 1)
        {
            var (begin, end) = (from + at, from + at + word.Length);
            if ((begin == 0 || !IsOfWord(text[begin - 1])) && (end == text.Length || !IsOfWord(text[end]))) return true;
        }
        return false;
    }

    /// <summary>Finds it likewise in text that is no bytes.</summary>
    public static Regex Pattern(string word) => new($@"(?<![\w-]){Regex.Escape(word)}(?![\w-])", RegexOptions.CultureInvariant);

    private static bool IsOfWord(byte b) => b is (byte)'_' or (byte)'-' or >= 0x80 || char.IsAsciiLetterOrDigit((char)b);
}

/// <summary>
/// The stored entity. It was written anew behind the erasure; what may be left is a row that only says so. Where later events made a new customer of it, the row is theirs.
/// </summary>
public sealed class CheckpointErasure(ICheckpointStore checkpoints, IViewCatalog views, uint horizonSeconds, TimeProvider time) : IErasable
{
    public string Store => "checkpoints";

    public Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel)
    {
        var stored = ReadOnlyMemory<byte>.Empty;
        checkpoints.LoadEntities(target.Partition, [target.Person], (_, state) => stored = state.ToArray());
        var isNothing = stored.IsEmpty || IsNothing(target, stored);
        var forgotten = checkpoints.Forget(target.Partition, target.Person, isNothing ? stored : default);
        return Task.FromResult(
            forgotten is false ? new Removal(0, "the entity changed meanwhile, or somebody reads the checkpoint file; it is tried again")
            : isNothing ? new Removal(stored.IsEmpty ? 0 : 1)
            : new Removal(0, Note: "the entity is of events behind the erasure"));
    }

    private bool IsNothing(ErasureTarget target, ReadOnlyMemory<byte> stored)
    {
        var header = WorkerHeader.Decode(checkpoints.Load(target.Partition)!.Worker.Span);
        var entity = CustomerEntity.Decode(target.Person, stored.Span, views);
        entity.Settle(new Epochs(target.Served.Epoch, Math.Max(header.Current, target.Served.Epoch), views.ByHash(target.Served.DefinitionHash), null));
        return entity.IsNothing(time.GetUtcNow().ToUnixTimeMilliseconds(), horizonSeconds);
    }
}

/// <summary>A log that is rewritten in place: the person's records become void ones, which keep their offsets; the erasure's own is the last.</summary>
public sealed class LogErasure(IErasableLog log) : IErasable
{
    public string Store => "log";

    public async Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel) =>
        new(await log.EraseAsync(target.Partition, target.Customer, target.Offset, cancel));
}

/// <summary>A log that nobody can rewrite: its retention removes what it holds, and the certificate says by when.</summary>
/// <param name="horizonMs">Dedup horizon: the log is kept so far back before the published cut.</param>
public sealed class LogRetention(IEventLog log, long horizonMs) : IErasable
{
    private const long DayMs = Clock.MsPerDay;

    public string Store => "log";

    public Task<Removal> RemoveAsync(ErasureTarget target, CancellationToken cancel)
    {
        const string note = "not rewritten: retention moves the start of the log behind the erasure; the broker deletes a segment file once everything in it lies before the start";
        return Task.FromResult(log.StartOffset(target.Partition) > target.Offset
            ? new Removal(0, Note: note)
            : new Removal(0, "retention has not passed the erasure", note, target.AppendedAtMs + horizonMs + DayMs));
    }
}
