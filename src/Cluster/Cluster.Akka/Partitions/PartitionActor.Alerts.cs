using Akka.Actor;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Actors.Partitions;

/// <summary>Transactions that somebody should look at, on their way to the cases: at once, and in any case before a checkpoint says that they need not be folded again.</summary>
internal sealed partial class PartitionActor
{
    private readonly List<NewAlert> _alerts = [];
    private bool _puttingAlerts;

    private void PutAlerts()
    {
        if (_puttingAlerts || _alerts.Count == 0) return;
        _puttingAlerts = true;
        var (alerts, cases, nowMs) = (_alerts.ToArray(), _parts.Speed.Cases!, Time.GetUtcNow().ToUnixTimeMilliseconds());
        Background(() =>
        {
            cases.Add(alerts, nowMs);
            return Task.FromResult<object>(new AlertsPut(alerts.Length));
        }, e => new AlertsPut(0) { Why = e });
    }

    private void OnAlertsPut(AlertsPut put)
    {
        _puttingAlerts = false;
        _alerts.RemoveRange(0, put.Count);
        if (put.Why is { } why) _parts.OnError($"partition {_partition}: alerts", why); // the next slice tries again, and the next checkpoint does
        else PutAlerts();
    }

    private sealed record AlertsPut(int Count) : INoSerializationVerificationNeeded
    {
        public Exception? Why { get; init; }
    }
}
