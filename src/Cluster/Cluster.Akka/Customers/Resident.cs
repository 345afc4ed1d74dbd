using Akka.Actor;
using Lambda.Cluster.Actors.Partitions;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Authorizations;

namespace Lambda.Cluster.Actors.Customers;

/// <summary>What a partition knows of a customer whose actor lives, or is about to.</summary>
internal sealed class Resident(CustomerId id)
{
    public CustomerId Id { get; } = id;

    /// <summary>Null while the stored entity is being loaded.</summary>
    public IActorRef? Actor { get; set; }

    /// <summary>Told events since the last checkpoint began.</summary>
    public bool Dirty { get; set; }

    /// <summary>Of the checkpoint that is begun, and not told yet to give its state: so it must be before anything changes it.</summary>
    public bool InImage { get; set; }

    /// <summary>Its finished row in the population table may be out of date.</summary>
    public bool Changed { get; set; }

    /// <summary>Checkpoints begun when it was last told or read something.</summary>
    public long TouchedAt { get; set; }

    /// <summary>Collected for it of the slice that is being made up.</summary>
    public Fold? Next { get; set; }

    /// <summary>Reads that came while it was being loaded.</summary>
    public List<(ReadReply Reply, int Index)>? Waiting { get; set; }

    /// <summary>Authorizations that came while it was being loaded.</summary>
    public List<(Asked Asked, bool Decide)>? Looks { get; set; }
}
