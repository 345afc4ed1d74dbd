using Lambda.Domain.Events;
using Lambda.SpeedLayer.Base;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Memory;

/// <summary>A base view from a list of states.</summary>
public sealed class MemoryBaseView : IBaseView
{
    private readonly StoredEntity[] _sorted;
    private readonly ViewReferences _references = new(() => { });

    /// <exception cref="ArgumentException">A customer comes twice.</exception>
    public MemoryBaseView(long epoch, string definitionHash, IEnumerable<StoredEntity> entities)
    {
        (Epoch, DefinitionHash) = (epoch, definitionHash);
        _sorted = [.. entities.OrderBy(e => e.Customer)];
        for (var i = 1; i < _sorted.Length; i++)
            if (_sorted[i].Customer.Equals(_sorted[i - 1].Customer)) throw new ArgumentException($"customer {_sorted[i].Customer} comes twice", nameof(entities));
    }

    public long Epoch { get; }
    public string DefinitionHash { get; }
    public long Customers => _sorted.Length;

    public bool TryAcquire() => _references.TryAcquire();

    public void Release() => _references.Release();

    public void Retire() => _references.Retire();

    public bool TryFind(ReadOnlySpan<byte> customerId, out ReadOnlySpan<byte> state)
    {
        for (int low = 0, high = _sorted.Length - 1; low <= high;)
        {
            var middle = (low + high) / 2;
            var order = _sorted[middle].Customer.Utf8.SequenceCompareTo(customerId);
            if (order == 0)
            {
                state = _sorted[middle].State.Span;
                return true;
            }
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        state = default;
        return false;
    }

    public IEnumerable<StoredEntity> Scan() => _sorted;
}
