using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Lambda.SystemTests.Operations;

/// <summary>The environment of Lambda's container in a rendered pod, as the kubelet makes it: config maps, secrets (samples), fields of the pod, references.</summary>
internal sealed partial record PodEnvironment(string Name, IReadOnlyDictionary<string, string> Variables, IReadOnlySet<string> ReferredTo, IReadOnlyList<string> Arguments, IReadOnlyList<string> Mounts)
{
    public const string PodIp = "10.1.2.3";

    private static readonly Dictionary<string, string> Secrets = new() { ["nightly-run"] = "lk_x", ["kafka"] = "kafka:9092", ["postgres"] = "Host=postgres;Database=lambda", ["warehouse"] = "http://clickhouse:8123/lambda" };

    public static IEnumerable<PodEnvironment> Of(string rendered)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(rendered));
        var objects = yaml.Documents.Select(d => d.RootNode).ToList();
        var maps = objects.Where(o => Text(o, "kind") == "ConfigMap" && Find(o, "data") is not null).ToDictionary(o => Text(o, "metadata", "name")!, o => Find(o, "data")!);
        foreach (var o in objects)
        {
            var pod = Find(o, "spec", "template", "spec") ?? Find(o, "spec", "jobTemplate", "spec", "template", "spec");
            if (pod is null) continue;
            var container = Items(pod, "containers").Single(c => Text(c, "image")!.Split('/')[^1].StartsWith("lambda:", StringComparison.Ordinal));
            yield return Read(Text(o, "metadata", "name")!, container, maps);
        }
    }

    private static PodEnvironment Read(string name, YamlNode container, Dictionary<string, YamlNode> maps)
    {
        var variables = new Dictionary<string, string>();
        foreach (var source in Items(container, "envFrom"))
            foreach (var (key, value) in ((YamlMappingNode)maps[Text(source, "configMapRef", "name")!]).Children) variables[key.ToString()] = value.ToString();
        var referred = new HashSet<string>();
        foreach (var variable in Items(container, "env"))
        {
            var value = Text(variable, "value") ?? Secret(variable) ?? Field(variable);
            variables[Text(variable, "name")!] = Reference().Replace(value, match =>
            {
                referred.Add(match.Groups[1].Value);
                return variables.GetValueOrDefault(match.Groups[1].Value, match.Value); // only what stands before it
            });
        }
        return new PodEnvironment(name, variables, referred, [.. Items(container, "args").Select(a => a.ToString())], [.. Items(container, "volumeMounts").Select(m => Text(m, "mountPath")!)]);
    }

    private static string? Secret(YamlNode variable) => Text(variable, "valueFrom", "secretKeyRef", "key") is { } key ? Secrets[key] : null;

    private static string Field(YamlNode variable) => Text(variable, "valueFrom", "fieldRef", "fieldPath") == "status.podIP" ? PodIp : throw new InvalidDataException($"no sample for {variable}");

    private static IEnumerable<YamlNode> Items(YamlNode of, string name) => Find(of, name) as YamlSequenceNode ?? Enumerable.Empty<YamlNode>();

    private static string? Text(YamlNode of, params string[] path) => (Find(of, path) as YamlScalarNode)?.Value;

    private static YamlNode? Find(YamlNode of, params string[] path)
    {
        var at = of;
        foreach (var name in path)
        {
            if (at is not YamlMappingNode mapping || !mapping.Children.TryGetValue(name, out var next)) return null;
            at = next;
        }
        return at;
    }

    [GeneratedRegex(@"\$\((\w+)\)")]
    private static partial Regex Reference();
}
