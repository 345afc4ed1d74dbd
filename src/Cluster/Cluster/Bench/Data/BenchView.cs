using Lambda.Domain.Views;
using Lambda.Domain.Yaml;

namespace Lambda.Cluster.Bench.Data;

/// <summary>The Customer 360 that ships with Lambda: goals are about it and not about a view made for the bench.</summary>
internal static class BenchView
{
    public static string File { get; } = Path.Combine(AppContext.BaseDirectory, "views", "customer360.yaml");

    public static ViewDefinition Load() => DefinitionLoader.Load(File, System.IO.File.ReadAllText(File));
}
