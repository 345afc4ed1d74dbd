using System.Globalization;

namespace Lambda.Cluster.Bench.Processes;

/// <summary>
/// Processor time by part of an installation; a part is some processes with all their children, those that have ended included. This process, which loads it,
/// is a part without its children.
/// </summary>
internal sealed class ProcessorTimes
{
    private static readonly double MicrosPerTick = 1e6 / 100; // USER_HZ, which Linux fixes for everybody

    private readonly List<(string Part, double Micros)> _parts = [];

    private ProcessorTimes() { }

    public static ProcessorTimes Now(IEnumerable<(string Part, IReadOnlyList<int> Processes)> parts)
    {
        var now = new ProcessorTimes();
        foreach (var (part, processes) in parts) now._parts.Add((part, processes.Sum(TreeMicros)));
        now._parts.Add(("load", Environment.CpuUsage.TotalTime.TotalMicroseconds));
        return now;
    }

    /// <summary>Microseconds an event since then, all parts together.</summary>
    public double MicrosEach(ProcessorTimes since, long events) => _parts.Zip(since._parts, (now, then) => now.Micros - then.Micros).Sum() / events;

    /// <summary>Microseconds an event since then: `nodes 20.1, Kafka 2.2 …`.</summary>
    public string Each(ProcessorTimes since, long events) => string.Join(", ", _parts.Zip(since._parts, (now, then) =>
        string.Create(CultureInfo.InvariantCulture, $"{now.Part} {(now.Micros - then.Micros) / events:0.0}")));

    private static double TreeMicros(int processId) => Own(processId) + Children.Of(processId).Sum(TreeMicros);

    // The fields behind the name, which may hold anything: utime stime cutime cstime are the 12th to 15th.
    private static double Own(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[11..15].Sum(t => double.Parse(t, CultureInfo.InvariantCulture)) * MicrosPerTick;
        }
        catch (IOException)
        {
            return 0; // it has ended; who waited for it counts it
        }
    }
}
