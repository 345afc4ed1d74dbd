using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Worker;

/// <summary>The customers of a base and of stored entities, ascending, each once.</summary>
public static class CustomerScan
{
    /// <param name="hold">Acquires the base when the scan begins; it is released when the scan is disposed of. Null when there is none.</param>
    public static IEnumerable<CustomerId> Of(Func<IBaseView?> hold, IEnumerable<StoredEntity> entities)
    {
        var held = hold();
        try
        {
            using var batch = (held?.Scan() ?? []).GetEnumerator();
            using var stored = entities.GetEnumerator();
            for (bool b = batch.MoveNext(), s = stored.MoveNext(); b || s;)
            {
                var order = !b ? 1 : !s ? -1 : batch.Current.Customer.CompareTo(stored.Current.Customer);
                yield return order <= 0 ? batch.Current.Customer : stored.Current.Customer;
                if (order <= 0) b = batch.MoveNext();
                if (order >= 0) s = stored.MoveNext();
            }
        }
        finally
        {
            held?.Release();
        }
    }
}
