using System.Globalization;

namespace Lambda.Cluster.Bench.Processes;

/// <summary>The processes that a process has started.</summary>
internal static class Children
{
    public static IReadOnlyList<int> Of(int processId)
    {
        try
        {
            return [.. Directory.EnumerateDirectories($"/proc/{processId}/task").SelectMany(task => Listed(Path.Combine(task, "children"))).Distinct()];
        }
        catch (IOException)
        {
            return []; // it has ended
        }
    }

    private static IEnumerable<int> Listed(string file)
    {
        try
        {
            return File.ReadAllText(file).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => int.Parse(p, CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return [];
        }
    }
}
