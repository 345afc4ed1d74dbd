using Akka.Actor;
using Akka.Cluster;
using Lambda.SpeedLayer.Leases;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster.Actors.Node;

/// <summary>
/// Brings a node into the cluster by names that are resolved again and again, and sees to it that there is one cluster. A node first asks whoever the names show;
/// only when nobody took it in for a while may it found a cluster, and only with the founding lease: the leader of a living cluster holds that all the time, so
/// neither a name that does not show everybody yet nor a network that is cut makes a second cluster. See docs/adr/0038.
/// </summary>
public sealed class Bootstrap(ActorSystem system, INodeNames names, ILeaseStore leases, TimeProvider time)
{
    /// <summary>Longer than it takes to notice that a leader is lost and to have another: about 5 s of silence and 3 s until it is downed.</summary>
    public static readonly LeaseTimes FoundingLease = LeaseTimes.Default with { Expiry = TimeSpan.FromSeconds(15) };

    /// <summary>No partition of the log: the lease is the cluster's.</summary>
    private const int Founding = -1;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>Asking the same anew begins from the start with those who are just taking this node in.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(10);

    private readonly global::Akka.Cluster.Cluster _cluster = global::Akka.Cluster.Cluster.Get(system);
    private readonly string _owner = $"{NameOf(global::Akka.Cluster.Cluster.Get(system).SelfAddress)} {Guid.NewGuid():N}";
    private long? _begun, _besideSince;
    private long _generation;
    private (IReadOnlyList<string> Others, long At) _asked = ([], 0);

    /// <summary>How long those whom the names show are asked before a cluster may be founded.</summary>
    public TimeSpan AskFor { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long the founding lease must have been free: a lost leader's is for the next leader of those who are left, who asks for it every second.</summary>
    public TimeSpan FreeFor { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long another cluster may hold the founding lease while this one lives: then this one is the one too many.</summary>
    public TimeSpan BesideFor { get; init; } = FoundingLease.Expiry * 2;

    /// <summary>True once the node belongs to a cluster.</summary>
    public bool IsMember => _cluster.State.Members.Any(m => m.UniqueAddress == _cluster.SelfUniqueAddress);

    /// <summary>One step; to be taken all the time, also as a member.</summary>
    /// <returns>The pause before the next.</returns>
    /// <exception cref="ClusterBesideException">There is another cluster, which counts: this node's has to end.</exception>
    public async Task<TimeSpan> StepAsync(CancellationToken cancel)
    {
        if (IsMember) await Task.Run(Keep, cancel);
        else if (_generation == 0) await SeekAsync(cancel);
        return Every;
    }

    /// <summary>At the end: gives the founding lease back, for the next leader. What cannot be given back expires.</summary>
    public void Release()
    {
        try
        {
            GiveBack();
        }
        catch (StorageException)
        {
        }
    }

    private void GiveBack()
    {
        if (_generation > 0) leases.Release(Founding, _generation);
        _generation = 0;
    }

    private async Task SeekAsync(CancellationToken cancel)
    {
        _begun ??= time.GetTimestamp();
        var self = NameOf(_cluster.SelfAddress);
        var others = (await names.ResolveAsync(cancel)).Where(name => name != self).ToList();
        if (!others.SequenceEqual(_asked.Others) || time.GetElapsedTime(_asked.At) > AskAgain)
        {
            _asked = (others, time.GetTimestamp());
            if (others.Count > 0) _cluster.JoinSeedNodes(others.Select(name => AddressOf(name, system.Name)));
        }
        if (time.GetElapsedTime(_begun.Value) < AskFor) return;
        var asked = time.GetTimestamp();
        var answer = await Task.Run(() => leases.Acquire(Founding, _owner, FreeFor), cancel);
        // Whoever was away in between may no longer have what it was granted.
        if (!answer.IsGranted || time.GetElapsedTime(asked) > FoundingLease.Expiry / 2) return;
        _generation = answer.Generation;
        _cluster.Join(_cluster.SelfAddress);
    }

    private void Keep()
    {
        if (_cluster.State.Leader != _cluster.SelfAddress || _cluster.SelfMember.Status != MemberStatus.Up)
        {
            GiveBack(); // the leader takes it
            return;
        }
        if (_generation > 0 && leases.Renew(Founding, _generation)) return;
        var answer = leases.Acquire(Founding, _owner);
        _generation = answer.Generation;
        if (answer.IsGranted || _cluster.State.Members.Any(m => NameOf(m.Address) == answer.HeldBy!.Split(' ')[0])) _besideSince = null;
        else _besideSince ??= time.GetTimestamp();
        if (_besideSince is { } since && time.GetElapsedTime(since) > BesideFor)
            throw new ClusterBesideException($"{answer.HeldBy} leads another cluster on the same database");
    }

    internal static Address AddressOf(string name, string system)
    {
        var colon = name.LastIndexOf(':');
        return new Address("akka.tcp", system, name[..colon], int.Parse(name.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture));
    }

    internal static string NameOf(Address address) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{address.Host}:{address.Port}");
}

/// <summary>This node's cluster is not the one that counts.</summary>
public sealed class ClusterBesideException(string message) : Exception(message);
