using System.Text;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Xunit;

namespace Lambda.Domain.Tests.Definitions;

/// <summary>Every way to get a definition wrong that we know, with the exact places and messages (bad-definitions.txt).</summary>
public sealed class BadDefinitionTests
{
    private const string Path = "tests/Domain.Tests/Definitions/bad-definitions.txt";

    [Fact]
    public void Load_OfBadDefinitions_TellsEveryErrorAtItsPlace()
    {
        var blocks = Repository.Read(Path).Split("===== ");
        var expected = new StringBuilder(blocks[0]);
        foreach (var block in blocks[1..])
        {
            var name = block[..block.IndexOf('\n')];
            var body = block[(name.Length + 1)..];
            var yaml = body[..body.LastIndexOf("-----\n", StringComparison.Ordinal)];
            var error = Assert.Throws<DefinitionException>(() => DefinitionLoader.Load("view.yaml", yaml));
            expected.Append($"===== {name}\n{yaml}-----\n");
            foreach (var line in error.Errors) expected.Append(line.ToString()["view.yaml:".Length..]).Append('\n');
        }
        Repository.AssertIs(Path, expected.ToString());
    }
}
