using Lambda.Domain.Definitions;
using Lambda.Domain.Views;
using YamlDotNet.Core;

namespace Lambda.Domain.Yaml;

/// <summary>Reads a view's definition written in YAML. What it may hold is in docs/definition-language.md.</summary>
public static class DefinitionLoader
{
    public const int MaxTextBytes = 1 << 20;

    /// <param name="fileName">What errors call the file.</param>
    /// <exception cref="DefinitionException">All errors found, each with its place.</exception>
    public static ViewDefinition Load(string fileName, string text) => Load(fileName, text, DefinitionAge.New);

    /// <summary>One that was taken up before: what is refused since then must not keep an installation from starting.</summary>
    public static ViewDefinition LoadStored(string fileName, string text) => Load(fileName, text, DefinitionAge.Stored);

    private static ViewDefinition Load(string fileName, string text, DefinitionAge age)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(text) > MaxTextBytes) throw Error(fileName, Mark.Empty, $"the file is larger than {MaxTextBytes} bytes");
        try
        {
            return DefinitionCompiler.Compile(fileName, text, YamlSource.Read(text), age);
        }
        catch (YamlException error)
        {
            throw Error(fileName, error.Start, error.Message);
        }
    }

    private static DefinitionException Error(string fileName, Mark at, string message)
    {
        var place = YamlSource.Place(at);
        return new DefinitionException([new DefinitionError(fileName, Math.Max(1, place.Line), Math.Max(1, place.Column), message)]);
    }
}
