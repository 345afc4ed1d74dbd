namespace Lambda.Simulation;

/// <summary>Runs scenarios by seed.</summary>
public static class Simulations
{
    public const int StepsPerSeed = 600;

    /// <exception cref="LawBrokenException">With the seed that replays it.</exception>
    public static Task<ScenarioReport> RunAsync(ulong seed, int steps = StepsPerSeed) =>
        new Scenario(seed, SimulatedDefinitions.Load()).RunAsync(steps);
}
