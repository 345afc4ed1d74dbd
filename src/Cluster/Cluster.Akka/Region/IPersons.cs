using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Identity;
using Lambda.Domain.Log;
using Lambda.SpeedLayer.Identity;

namespace Lambda.Cluster.Actors.Region;

/// <summary>Persons whose members are in several partitions, for those who write their rows.</summary>
public interface IPersons
{
    Identities Identities { get; }

    int Partitions { get; }

    /// <summary>Of each member, in their order, what its partition gives now.</summary>
    Task<IReadOnlyList<ReadPart>> ReadAsync(Person person, CancellationToken cancel);

    /// <summary>Has another partition write rows.</summary>
    /// <returns>True when they are written, of now or later.</returns>
    Task<bool> WriteAsync(WritePersons what, CancellationToken cancel);
}

/// <summary>Through the partitions' own nodes.</summary>
public sealed class RegionPersons(Identities identities, PartitionClient client) : IPersons
{
    /// <summary>A write of rows waits for its turn, for others to go with it, and for the insert.</summary>
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(15);

    public Identities Identities => identities;

    public int Partitions => client.Partitions;

    public async Task<IReadOnlyList<ReadPart>> ReadAsync(Person person, CancellationToken cancel) => await Task.WhenAll(
        person.Members.Select(m => client.ReadAsync(Partitioner.PartitionOf(m.Utf8, client.Partitions), m, -1, TimeSpan.Zero, cancel)));

    public async Task<bool> WriteAsync(WritePersons what, CancellationToken cancel) => await client.AskAsync<IClusterMessage>(what, WriteTimeout, cancel) is Done;
}
