using Lambda.Serving.Ports;

namespace Lambda.SystemTests.Http;

/// <summary>Two models, a table, a check with a mismatch, drift of one feature.</summary>
internal sealed class MemoryFraudModels : IFraudModels
{
    public static readonly string One = new('a', 64), Two = new('b', 64);

    public FraudModelsStatus Now { get; set; } = new(7, 12, 7, One, One, Two,
    [
        new FraudModelStatus(Two, 7, 20_000, 20_028, 7, 5_000, 40, (0.9, 0.7, 0.3), null, null, null),
        new FraudModelStatus(One, 6, 19_999, 20_027, 7, 5_000, 40, (0.9, 0.7, 0.3), (0.88, 0.65, 0.25), 6, "first"),
    ], 7, null, new FraudCheckStatus(7, 100, 1, 2, ["0:17"]), new FraudDriftStatus(One, 900, new Dictionary<string, double> { ["amount"] = 0.31 }));

    public string? Promote(string hash)
    {
        if (Now.Models.Where(m => m.Hash.StartsWith(hash, StringComparison.Ordinal)).ToList() is not [var found]) return null;
        Now = Now with { Champion = found.Hash };
        return found.Hash;
    }
}
