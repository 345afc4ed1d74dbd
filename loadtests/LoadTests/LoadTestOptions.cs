namespace Lambda.LoadTests;

/// <param name="Urls">Where the API answers; several are the nodes of one installation.</param>
/// <param name="Rate">Of the scenario's main flow, at its peak; null takes the scenario's own.</param>
/// <param name="Check">At most so many customers are read back at the end.</param>
/// <param name="DropsOne">Counts an event that is never sent: the checks must fail.</param>
internal sealed record LoadTestOptions(IReadOnlyList<Uri> Urls, double? Rate, TimeSpan Time, int Customers = 5_000, int Check = 20_000, ulong Seed = 1, bool DropsOne = false)
{
    /// <summary>For long: for a node, when the scenario loses one.</summary>
    public INode? Node { get; init; }

    /// <summary>How long the lost node stays away.</summary>
    public TimeSpan Away { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>A node that a test may lose.</summary>
internal interface INode
{
    /// <summary>Ends it as a power cut does.</summary>
    Task KillAsync(CancellationToken cancel);

    /// <summary>Starts it again; it need not be ready when this returns.</summary>
    Task RestartAsync(CancellationToken cancel);
}
