using Lambda.Domain.Events;

namespace Lambda.Serving.Ports;

/// <summary>
/// Which identifier is whose, by the newest `identify` event on each: asked of the raw events, so erasure, repeats and lateness are theirs. The newest second or two may be missing.
/// </summary>
public interface IIdentifiers
{
    /// <summary>Who has it, longest first. Kind and value as they are kept.</summary>
    /// <exception cref="EngineUnavailableException">They cannot be asked now; so of the others.</exception>
    Task<IReadOnlyList<KnownIdentifier>> OfAsync(string kind, string value, CancellationToken cancel);

    /// <summary>What these customers have, by kind and value.</summary>
    Task<IReadOnlyList<KnownIdentifier>> OfAsync(IReadOnlyList<CustomerId> customers, CancellationToken cancel);

    /// <summary>Identifiers that several customers have, each with all of them together, ascending by kind and value, strictly behind <paramref name="after"/>.</summary>
    /// <param name="limit">Identifiers.</param>
    Task<IReadOnlyList<IReadOnlyList<KnownIdentifier>>> SharedAsync((string Kind, string Value)? after, int limit, CancellationToken cancel);
}

/// <param name="SinceMicros">When the event happened by which it became the customer's, or was last said to be.</param>
public sealed record KnownIdentifier(CustomerId Customer, string Kind, string Value, long SinceMicros);
