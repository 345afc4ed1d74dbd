using System.Diagnostics;

namespace Lambda.TestKit.Cards;

/// <summary>Every span of a process, with all that an exporter may send of it, and every request that it makes over HTTP.</summary>
public static class Tracing
{
    public const string FolderVariable = "LAMBDA_TEST_SPANS";

    /// <summary>For processes to be started: their spans go into files of this folder. The runtime loads this assembly into them.</summary>
    public static IReadOnlyDictionary<string, string> Environment(string folder) =>
        new Dictionary<string, string> { ["DOTNET_STARTUP_HOOKS"] = typeof(Tracing).Assembly.Location, [FolderVariable] = folder };

    internal static void Begin(string file)
    {
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false); // tags as exporters want them
        var to = new StreamWriter(file) { AutoFlush = true };
        void Write(string text)
        {
            lock (to) to.WriteLine(text);
        }
        ActivitySource.AddActivityListener(new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            SampleUsingParentId = (ref ActivityCreationOptions<string> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span => Write(Text(span)),
        });
        DiagnosticListener.AllListeners.Subscribe(new Each<DiagnosticListener>(listener =>
        {
            if (listener.Name == "HttpHandlerDiagnosticListener") listener.Subscribe(new Each<KeyValuePair<string, object?>>(e => Sent(e, Write)));
        }));
    }

    private static string Text(Activity span) =>
        $"span {span.Source.Name} {span.OperationName} {span.DisplayName} id {span.Id} parent {span.ParentId} root {span.RootId} state {span.TraceStateString} status {span.StatusDescription}"
        + $" tags {All(span.TagObjects)} baggage {All(span.Baggage.Select(b => KeyValuePair.Create(b.Key, (object?)b.Value)))}"
        + $" links {string.Join(' ', span.Links.Select(l => $"{l.Context.TraceState} {All(l.Tags)}"))} events {string.Join(' ', span.Events.Select(e => $"{e.Name} {All(e.Tags)}"))}";

    /// <summary>Texts before they go out, as their content is given back afterwards; headers when it has come back, as the tracer adds its own.</summary>
    private static void Sent(KeyValuePair<string, object?> e, Action<string> write)
    {
        if (e.Value?.GetType().GetProperty("Request")?.GetValue(e.Value) is not HttpRequestMessage request) return;
        if (e.Key.EndsWith(".Start", StringComparison.Ordinal) && request.Content is ByteArrayContent text) write($"text {text.ReadAsStringAsync().GetAwaiter().GetResult()}");
        if (e.Key.EndsWith(".Stop", StringComparison.Ordinal)) write($"sent {request.Method} {request.RequestUri} {request.Headers}");
    }

    private static string All(IEnumerable<KeyValuePair<string, object?>>? pairs) => string.Join(' ', (pairs ?? []).Select(p => $"{p.Key}={p.Value}"));

    private sealed class Each<T>(Action<T> next) : IObserver<T>
    {
        public void OnNext(T value) => next(value);
        public void OnCompleted() { }
        public void OnError(Exception error) { }
    }
}
