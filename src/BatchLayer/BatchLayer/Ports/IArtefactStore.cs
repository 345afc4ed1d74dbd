namespace Lambda.BatchLayer.Ports;

/// <summary>Files that the batch layer makes and every node streams out: under a name that nothing else ever has, whole or not there.</summary>
public interface IArtefactStore
{
    /// <summary>Durable when it completes. One of this name that is there already stays: it is the same.</summary>
    /// <param name="name">Letters, digits and underscores.</param>
    Task PutAsync(string name, Stream content, CancellationToken cancel);

    /// <summary>Its content in pieces. The memory is valid until the next.</summary>
    /// <exception cref="ArtefactMissingException">There is none of this name.</exception>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string name, CancellationToken cancel);

    /// <summary>Removes all others.</summary>
    Task DropExceptAsync(IReadOnlyCollection<string> keep, CancellationToken cancel);
}

public sealed class ArtefactMissingException(string name) : Exception($"artefact {name} is not in the warehouse");
