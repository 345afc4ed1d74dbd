using Lambda.Domain.Definitions;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Views;
using YamlDotNet.Core;

namespace Lambda.Domain.Yaml;

/// <summary>Reads fraud rules written in YAML. docs/fraud.md says what they may hold.</summary>
public static class RulesLoader
{
    public const int MaxTextBytes = 256 << 10;

    /// <param name="fileName">What errors call the file.</param>
    /// <exception cref="DefinitionException">All errors found, each with its place.</exception>
    public static RuleSet Load(string fileName, string text)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(text) > MaxTextBytes) throw Error(fileName, 1, 1, $"the file is larger than {MaxTextBytes} bytes");
        try
        {
            return RuleReader.Read(fileName, text, YamlSource.Read(text));
        }
        catch (YamlException error)
        {
            var place = YamlSource.Place(error.Start);
            throw Error(fileName, Math.Max(1, place.Line), Math.Max(1, place.Column), error.Message);
        }
    }

    private static DefinitionException Error(string file, int line, int column, string message) => new([new DefinitionError(file, line, column, message)]);
}
