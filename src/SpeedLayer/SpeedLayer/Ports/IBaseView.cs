using Lambda.Domain.Events;

namespace Lambda.SpeedLayer.Ports;

/// <summary>
/// The published batch view of one partition: immutable, sorted by customer id, encoded <see cref="Lambda.Domain.Views.State"/>s of one definition.
/// A reader holds it until it is done (<see cref="TryAcquire"/>/<see cref="Release"/>), publication swaps it.
/// </summary>
public interface IBaseView
{
    long Epoch { get; }
    string DefinitionHash { get; }
    long Customers { get; }

    /// <summary>False when the view was already retired: take the newer one.</summary>
    bool TryAcquire();

    void Release();

    /// <summary>
    /// By the owner, when a newer view has taken its place (or at shutdown): no reader gets in any more, the last one out frees what it holds. Repeatable.
    /// </summary>
    void Retire() { }

    /// <summary>The customer's encoded state; the span lives until <see cref="Release"/>.</summary>
    /// <exception cref="BaseCorruptException">Checksum or shape is wrong.</exception>
    bool TryFind(ReadOnlySpan<byte> customerId, out ReadOnlySpan<byte> state);

    /// <summary>All customers in ascending order of id bytes.</summary>
    IEnumerable<StoredEntity> Scan();
}

public sealed class BaseCorruptException(string file, string what) : Exception(
    $"{file}: corrupt base file: {what}. Delete it and start Lambda again: it is streamed anew from the warehouse.");
