using System.Globalization;
using Lambda.Cluster.Options;
using Lambda.Serving.Audit;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;

namespace Lambda.Cluster;

/// <summary>Keys and audit log of a host, from its engine's stores.</summary>
internal static class Guards
{
    public static Guard Open(LambdaOptions options, IEngine engine, TimeProvider time, Action<string, Exception> onError)
    {
        var audit = new AuditLog(engine.Audit, SecretReader.Read("audit_key", options.AuditKey, Environment.GetEnvironmentVariable), time, onError);
        var keys = new KeyRing(engine.Keys, time, options.KeyRate, onError);
        return new Guard(keys, audit, engine.Pseudonyms, time) { OpenMetrics = options.OpenMetrics };
    }

    /// <summary>Records that this node starts, and makes the first key when there is none.</summary>
    /// <returns>The first key's text, if this node made it.</returns>
    public static async Task<string?> BeginAsync(Guard guard, LambdaOptions options, TimeProvider time)
    {
        foreach (var note in guard.Audit.Store.Notes()) guard.Audit.Post(Own("set_aside", note));
        if (options.Dev) return null;
        guard.Audit.Post(Own("start", string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId}")));
        if (guard.Keys.Count > 0) return null;
        var (key, text) = ApiKey.New("first admin", Roles.Admin, seesPersonalData: true, time.GetUtcNow().ToUnixTimeMilliseconds(), "the first start");
        await guard.Audit.RecordAsync(Own("first_key", key.Id)); // before it is: no key without a record
        if (!guard.Keys.Keys.TryAddFirst(key)) return null; // another node was first, and told
        guard.Keys.Refresh();
        return text;
    }

    private static AuditRecord Own(string operation, string detail) => new("", "lambda", operation, "", 0, false, detail, "");
}
