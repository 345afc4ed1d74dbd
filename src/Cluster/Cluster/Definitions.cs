using Lambda.Domain.Views;
using Lambda.Domain.Yaml;

namespace Lambda.Cluster;

/// <summary>Definition texts, compiled by the YAML front end.</summary>
internal static class Definitions
{
    /// <exception cref="DefinitionException">File, line, column and what was expected.</exception>
    public static ViewDefinition Compile(string text, string file) => DefinitionLoader.Load(file, text);
}
