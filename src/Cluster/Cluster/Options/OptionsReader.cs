using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Lambda.Cluster.Options;

/// <summary>Reads <see cref="LambdaOptions"/>: defaults, then the file, then the environment, then the command line. Every complaint names where the value stands.</summary>
public static class OptionsReader
{
    public const string FileName = "lambda.yaml";
    public const string FileVariable = "LAMBDA_CONFIG";

    /// <param name="file">From the command line; else LAMBDA_CONFIG; else lambda.yaml in the current folder, if it is there.</param>
    /// <param name="switches">Values given on the command line, by setting name.</param>
    /// <exception cref="OptionsException">A value is not what was expected, or the file cannot be read.</exception>
    public static LambdaOptions Read(string? file, IReadOnlyDictionary<string, string> switches, Func<string, string?> environment)
    {
        var options = new LambdaOptions();
        file ??= environment(FileVariable) ?? (File.Exists(FileName) ? FileName : null);
        if (file is not null)
            foreach (var (setting, value, place) in FromFile(file)) options = Apply(options, setting, value, place);
        foreach (var setting in Setting.All)
            if (environment(setting.Variable) is { Length: > 0 } value) options = Apply(options, setting, value, setting.Variable);
        foreach (var setting in Setting.All)
            if (switches.TryGetValue(setting.Name, out var value)) options = Apply(options, setting, value, setting.Switch);
        return options;
    }

    private static LambdaOptions Apply(LambdaOptions options, Setting setting, string value, string place)
    {
        try
        {
            return setting.Apply(options, value);
        }
        catch (FormatException e)
        {
            throw new OptionsException($"{place}: found `{value}`, expected {e.Message}");
        }
    }

    private static List<(Setting Setting, string Value, string Place)> FromFile(string file)
    {
        var found = new List<(Setting, string, string)>();
        foreach (var (key, value) in Root(file).Children)
        {
            var place = $"{file}:{key.Start.Line}:{key.Start.Column}";
            var setting = Setting.All.FirstOrDefault(s => s.Name == (key as YamlScalarNode)?.Value)
                ?? throw new OptionsException($"{place}: unknown option `{key}`, expected one of {string.Join(", ", Setting.All.Select(s => s.Name))}");
            if (value is not YamlScalarNode { Value: { } text }) throw new OptionsException($"{place}: {setting.Name} needs one value");
            found.Add((setting, text, $"{file}:{value.Start.Line}:{value.Start.Column}"));
        }
        return found;
    }

    private static YamlMappingNode Root(string file)
    {
        try
        {
            using var reader = new StreamReader(file);
            var yaml = new YamlStream();
            yaml.Load(reader);
            if (yaml.Documents.Count == 0) return new YamlMappingNode();
            return yaml.Documents[0].RootNode as YamlMappingNode ?? throw new OptionsException($"{file}: expected `name: value` lines");
        }
        catch (YamlException e)
        {
            throw new OptionsException($"{file}:{e.Start.Line}:{e.Start.Column}: not YAML: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionsException($"{file}: cannot be read: {e.Message}");
        }
    }
}

/// <summary>A setting is wrong; the message names the place, the value and what was expected.</summary>
public sealed class OptionsException(string message) : Exception(message);
