namespace Lambda.SpeedLayer.Ports;

/// <summary>The digits of card numbers that may be kept, sealed, in rows whose names say nothing to who has no key.</summary>
public interface ICardDigits : IDisposable
{
    /// <summary>What is there already stays. It may be lost by a crash just behind it: the number is seen again.</summary>
    /// <exception cref="StorageException">It cannot be written now; so of the others.</exception>
    void Put(string row, byte[] sealedDigits);

    /// <summary>Null when there is none.</summary>
    byte[]? Find(string row);

    /// <summary>Takes rows out, so that nothing of them stands in the store's files. Repeatable.</summary>
    /// <returns>Rows that were there.</returns>
    long Remove(IReadOnlyCollection<string> rows);
}
