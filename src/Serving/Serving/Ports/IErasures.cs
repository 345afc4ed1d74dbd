using Lambda.BatchLayer.Privacy;
using Lambda.Domain.Events;

namespace Lambda.Serving.Ports;

/// <summary>Erasures of customers: asked for here, honoured at once, physically done in the background.</summary>
public interface IErasures
{
    /// <summary>
    /// Appends the erasure to the customer's log and waits until answers honour it. Asked for again without any event since, it gives the one that there is.
    /// </summary>
    /// <param name="evenIfUnknown">Also for a customer that no answer knows: lines of it may be in quarantine.</param>
    /// <returns>Null when the customer is unknown and was never erased.</returns>
    /// <exception cref="EngineUnavailableException">It cannot be taken now; nothing was erased.</exception>
    ValueTask<Erasure?> EraseAsync(CustomerId customer, bool evenIfUnknown, CancellationToken cancel);

    /// <summary>Oldest first.</summary>
    IReadOnlyList<Erasure> List();

    Erasure? Find(Guid request);
}
