using Lambda.Simulation.Actors.Machine;

namespace Lambda.Simulation.Actors.Ground;

/// <summary>An effect did not happen, or its answer got lost: the caller cannot know which, and lives on.</summary>
internal sealed class SimulatedFault(string at) : Exception($"simulated fault {at}");

/// <summary>What may go wrong with a node's effects.</summary>
/// <param name="CrashOneIn">One effect in so many ends the process, before or after; 0 for none.</param>
/// <param name="FaultOneIn">One effect in so many fails, before or after; 0 for none.</param>
internal sealed record FaultRates(int CrashOneIn, int FaultOneIn);

/// <summary>Strikes a node's effects on the world.</summary>
internal sealed class NodeFaults(Lane lane, Func<FaultRates> rates)
{
    /// <summary>The stores cannot be reached from this node.</summary>
    public bool IsCutOff { get; set; }

    /// <summary>The log cannot be reached from this node, all else can.</summary>
    public bool IsLogAway { get; set; }

    public long Crashes { get; private set; }

    public T Around<T>(string effect, Func<T> act)
    {
        Strike(effect, "before");
        var result = act();
        Strike(effect, "after");
        return result;
    }

    public void Around(string effect, Action act) => Around(effect, () =>
    {
        act();
        return true;
    });

    public async Task<T> AroundAsync<T>(string effect, Func<Task<T>> act)
    {
        Strike(effect, "before");
        var result = await act();
        Strike(effect, "after");
        return result;
    }

    /// <summary>In how many ms an effect happens that its caller takes for failed; null mostly.</summary>
    public long? LandsLate() => rates().FaultOneIn is > 0 and var oneIn && lane.Loop.Chance.OneIn(Math.Max(2, oneIn / 20)) ? lane.Loop.Chance.Below(3_000) : null;

    public void Strike(string effect, string when)
    {
        var (chance, (crash, fault)) = (lane.Loop.Chance, rates());
        if (lane.State == LaneState.Dead) throw new SimulatedCrash($"{when} {effect}"); // what it does in the turn in which it died
        if (IsCutOff) throw new SimulatedFault($"{when} {effect}: cut off");
        if (crash > 0 && chance.OneIn(crash))
        {
            Crashes++;
            lane.Kill();
            throw new SimulatedCrash($"{when} {effect}");
        }
        if (fault > 0 && chance.OneIn(fault)) throw new SimulatedFault($"{when} {effect}");
    }
}
