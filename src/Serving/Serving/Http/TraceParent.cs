using System.Diagnostics;
using System.Text;
using Lambda.Domain.Events;

namespace Lambda.Serving.Http;

/// <summary>
/// Of what callers send to be traced only the ids of W3C `traceparent` are taken: state, baggage and other headers are free text, which would go with every span and on to the warehouse, and may
/// hold card numbers.
/// </summary>
internal sealed class TraceParent : DistributedContextPropagator
{
    private const string Header = "traceparent";

    public override IReadOnlyCollection<string> Fields { get; } = [Header];

    public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
    {
        (traceId, traceState) = (null, null);
        if (getter is null) return;
        getter(carrier, Header, out var sent, out _);
        if (ActivityContext.TryParse(sent, null, out _) && !PanMasker.Contains(Encoding.UTF8.GetBytes(sent!))) traceId = sent;
    }

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
        if (activity is { IdFormat: ActivityIdFormat.W3C, Id: { } id }) setter?.Invoke(carrier, Header, id);
    }
}
