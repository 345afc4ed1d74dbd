using System.Xml.Linq;
using Xunit;

namespace Lambda.SystemTests;

/// <summary>Dependencies point inwards: Domain ← layers ← adapters ← host. Held on project and package references.</summary>
public sealed class ArchitectureTests
{
    private enum Ring { Domain, Layer, Adapter, Host }

    /// <summary>What a project may be, by name; one that is missing here has no place yet.</summary>
    private static readonly Dictionary<string, Ring> Rings = new()
    {
        ["Load"] = Ring.Host, // the load generator, of benches and load tests
        ["Domain"] = Ring.Domain,
        ["SpeedLayer"] = Ring.Layer, ["BatchLayer"] = Ring.Layer, ["Serving"] = Ring.Layer,
        ["Domain.Yaml"] = Ring.Adapter, ["SpeedLayer.Sqlite"] = Ring.Adapter, ["SpeedLayer.Postgres"] = Ring.Adapter, ["SpeedLayer.Import"] = Ring.Adapter, ["BatchLayer.Sqlite"] = Ring.Adapter, ["BatchLayer.Models"] = Ring.Adapter, ["Warehouse"] = Ring.Adapter,
        ["Serving.S3"] = Ring.Adapter, ["Serving.Webhooks"] = Ring.Adapter, ["Serving.Authorizations"] = Ring.Adapter, ["Serving.Local"] = Ring.Adapter, ["SpeedLayer.Kafka"] = Ring.Adapter, ["SpeedLayer.Topics"] = Ring.Adapter, ["SpeedLayer.Polling"] = Ring.Adapter,
        ["SpeedLayer.Sources"] = Ring.Adapter,
        ["Cluster"] = Ring.Host, ["Warehouse.Local"] = Ring.Host, ["Simulation"] = Ring.Host, ["Simulation.Akka"] = Ring.Host,
        ["Cluster.Akka"] = Ring.Host, ["SpeedLayer.KafkaMock"] = Ring.Host, ["Load"] = Ring.Host,
    };

    /// <summary>A layer may stand on another one, never both ways.</summary>
    private static readonly HashSet<(string From, string To)> BetweenLayers = [("BatchLayer", "SpeedLayer"), ("Serving", "SpeedLayer"), ("Serving", "BatchLayer")];

    [Fact]
    public void Projects_WhenTheyReferenceOthers_PointInwards()
    {
        var wrong = new List<string>();
        foreach (var (name, project) in Projects())
        {
            Assert.True(Rings.TryGetValue(name, out var ring), $"{name} has no ring: add it to ArchitectureTests");
            foreach (var to in References(project, "ProjectReference").Select(Path.GetFileNameWithoutExtension))
                if (Rings[to!] > ring || (Rings[to!] == ring && !MayStandBeside(ring, name, to!))) wrong.Add($"{name} ({ring}) → {to} ({Rings[to!]})");
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void Packages_WhenReferenced_StayOutOfTheCore()
    {
        foreach (var (name, project) in Projects())
            if (Rings[name] is Ring.Domain or Ring.Layer) Assert.True(!References(project, "PackageReference").Any(), $"{name} references packages: that belongs into an adapter");
        var domain = Projects().Single(p => p.Name == "Domain").Project;
        Assert.Empty(References(domain, "FrameworkReference"));
    }

    [Fact]
    public void Domain_WhenRead_KnowsNoClockAndNoInput()
    {
        string[] forbidden = ["DateTime.UtcNow", "DateTime.Now", "DateTimeOffset.UtcNow", "Stopwatch", "TimeProvider", "System.IO.File", "File.", "Environment.GetEnv", "Environment.Tick", "Console.", "Task.Delay", "Random.Shared", "Guid.NewGuid"];
        var found = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src/Domain/Domain"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => File.ReadLines(file).Select((line, i) => (Place: $"{file}:{i + 1}", Code: line.Split("//")[0])))
            .Where(line => forbidden.Any(word => line.Code.Contains(word, StringComparison.Ordinal)) && !line.Code.Contains("\"", StringComparison.Ordinal));
        Assert.Empty(found);
    }

    private static bool MayStandBeside(Ring ring, string from, string to) => ring switch
    {
        Ring.Layer => BetweenLayers.Contains((from, to)),
        Ring.Host => from == "Cluster" // what runs beside it or is run by it
            || (from == "Simulation.Akka" && to is "Simulation" or "Cluster.Akka"), // what it simulates, by which oracle
        Ring.Adapter => to == "SpeedLayer.Sources" && from is "SpeedLayer.Topics" or "SpeedLayer.Polling", // what both read and bring in alike
        _ => false, // adapters do not know each other
    };

    private static IEnumerable<(string Name, XDocument Project)> Projects() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(file => (Path.GetFileNameWithoutExtension(file), XDocument.Load(file)));

    private static IEnumerable<string> References(XDocument project, string kind) => project.Descendants(kind)
        .Where(r => r.Attribute("ReferenceOutputAssembly")?.Value != "false") // built with it, not used by it
        .Select(r => r.Attribute("Include")!.Value);
}
