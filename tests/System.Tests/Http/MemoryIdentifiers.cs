using Lambda.Domain.Events;
using Lambda.Serving.Ports;

namespace Lambda.SystemTests.Http;

/// <summary>Identifiers that a test gave.</summary>
internal sealed class MemoryIdentifiers : IIdentifiers
{
    public List<KnownIdentifier> All { get; } = [];

    public Task<IReadOnlyList<KnownIdentifier>> OfAsync(string kind, string value, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<KnownIdentifier>>([.. All.Where(i => i.Kind == kind && i.Value == value)]);

    public Task<IReadOnlyList<KnownIdentifier>> OfAsync(IReadOnlyList<CustomerId> customers, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<KnownIdentifier>>([.. All.Where(i => customers.Contains(i.Customer))]);

    public Task<IReadOnlyList<IReadOnlyList<KnownIdentifier>>> SharedAsync((string Kind, string Value)? after, int limit, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<IReadOnlyList<KnownIdentifier>>>([.. All.GroupBy(i => (i.Kind, i.Value)).Where(g => g.Count() > 1).OrderBy(g => g.Key)
            .Where(g => after is not { } a || g.Key.CompareTo(a) > 0).Take(limit).Select(g => (IReadOnlyList<KnownIdentifier>)[.. g])]);
}
