namespace Lambda.Simulation;

/// <summary>Runs scenarios by seed.</summary>
public static class Simulations
{
    public const int StepsPerSeed = 600;

    /// <exception cref="LawBrokenException">With the seed that replays it.</exception>
    public static Task<ScenarioReport> RunAsync(ulong seed, int steps = StepsPerSeed, int readsPerStep = 0) =>
        new Scenario(seed, SimulatedDefinitions.Load(), readsPerStep).RunAsync(steps);
}
