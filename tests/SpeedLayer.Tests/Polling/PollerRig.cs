using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Polling;

namespace Lambda.SpeedLayer.Tests.Polling;

/// <summary>A poller over a log, a quarantine and kept cursors in memory. Its source is asked for `/contacts`.</summary>
internal sealed class PollerRig : IDisposable
{
    private const int P = 4;
    private readonly EventIngress _ingress;

    public PollerRig(string url, string yaml)
    {
        Log = new MemoryLog(P, Time);
        _ingress = new EventIngress(Log, Quarantine, Time);
        Source = new PolledSourceReader("s.yaml", name => name == "TOKEN" ? "t0p" : null).Read($$"""
            sources:
              - source: crm
                url: {{url}}/contacts
                timeout: {{SkippingTime.Held.TotalSeconds}}s
                event_id: "{source}:{id}:{v}"
                rename: { who: customer_id, updated_at: occurred_at }
                constants: { type: login, channel: branch, success: true, device_id: "17" }
            {{string.Join('\n', yaml.Split('\n').Select(l => "    " + l))}}
            """)[0];
        Poller = NewPoller();
    }

    public SkippingTime Time { get; } = new();
    public MemoryLog Log { get; }
    public MemoryQuarantine Quarantine { get; } = new();
    public MemoryCursors Cursors { get; } = new();
    public PolledSource Source { get; }
    public SourcePoller Poller { get; private set; }
    public List<string> Told { get; } = [];

    public Task<TimeSpan> StepAsync() => Poller.StepAsync(CancellationToken.None);

    /// <summary>The process died and is there again: only what was kept is known.</summary>
    public void Restart()
    {
        Poller.Dispose();
        Poller = NewPoller();
    }

    /// <summary>Event ids of the log in no order, repeats included.</summary>
    public List<string> EventIds()
    {
        var (ids, row) = (new List<string>(), new EventRow());
        for (var p = 0; p < P; p++)
            foreach (var frame in Log.Read(p, 0, int.MaxValue))
                foreach (var (_, record) in frame)
                {
                    RecordCodec.Read(record, row);
                    ids.Add(Encoding.UTF8.GetString(row.EventId));
                }
        return ids;
    }

    public List<(string Source, string Field, string Reason)> Refused() => [.. Quarantine.List(0, 100, null, false).Select(e => (e.Source, e.Field, e.Reason))];

    public void Dispose() => Poller.Dispose();

    public static string Item(int id, int version, DateTimeOffset at, string more = "") =>
        $$"""{"id":{{id}},"v":{{version}},"who":"c{{id}}","updated_at":"{{at:yyyy-MM-ddTHH:mm:ss.fffZ}}"{{more}}}""";

    private SourcePoller NewPoller() => new(Source, _ingress, P, Cursors, Time, Told.Add);
}

internal sealed class MemoryCursors : ISourceCursors
{
    private readonly Dictionary<string, string> _kept = [];

    /// <summary>Fails before it keeps, as when the process dies there.</summary>
    public Func<bool> Dies { get; set; } = () => false;

    public string? Kept(string source) => _kept.GetValueOrDefault(source);

    public void Keep(string source, string? state)
    {
        if (Dies()) throw new IOException("the process died");
        if (state is null) _kept.Remove(source);
        else _kept[source] = state;
    }
}
