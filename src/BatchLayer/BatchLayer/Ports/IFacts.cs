namespace Lambda.BatchLayer.Ports;

/// <summary>What is decided once for an installation, or changes rarely, by name: partitions, keys, first and pending definition. Every write is durable when it returns.</summary>
public interface IFacts
{
    /// <summary>Null when it was never set.</summary>
    string? Fact(string name);

    /// <summary>Null forgets it.</summary>
    void SetFact(string name, string? value);

    /// <summary>Sets it if it still is <paramref name="expected"/> (null: not set). False: somebody else was first, read it again.</summary>
    bool TrySetFact(string name, string? expected, string value);
}
