using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving;

/// <summary>What the API works on.</summary>
public sealed record ServingParts(
    IEventIntake Intake, ICustomerReads Reads, IBatchRuns Runs, IEngineStatus Status, IDefinitions Definitions, IQuarantine Quarantine,
    IImportJournal Imports, TimeProvider Time)
{
    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();
}
