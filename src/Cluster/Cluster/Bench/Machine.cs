using System.Globalization;
using System.Runtime.InteropServices;

namespace Lambda.Cluster.Bench;

/// <summary>What the figures were measured on: without it they mean nothing.</summary>
internal sealed record Machine(string Processor, int Cores, double MemoryGb, double Load, string System, string Runtime)
{
    /// <summary>Of this moment: load is the mean number of runnable threads over the last minute.</summary>
    public static Machine Now() => new(
        FirstAfter("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount,
        Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9, 1),
        double.TryParse(Read("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture, out var load) ? load : 0,
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Cores} cores ({Processor}), {MemoryGb:0.#} GB, load {Load:0.0}, {System}, {Runtime}");

    private static string? FirstAfter(string file, string key) =>
        Read(file).Split('\n').FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();

    private static string Read(string file) => File.Exists(file) ? File.ReadAllText(file) : "";
}
