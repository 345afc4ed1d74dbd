using System.Text;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Xunit;

namespace Lambda.Domain.Tests.Definitions;

public sealed class Customer360Tests
{
    private static readonly ViewDefinition View = DefinitionLoader.Load("views/customer360.yaml", Repository.Read("views/customer360.yaml"));

    [Fact]
    public void Outputs_OfTheCommittedView_AreTheSnapshot()
    {
        var lines = new StringBuilder();
        foreach (var output in View.Outputs)
        {
            Assert.Equal(lines.ToString().Count(c => c == '\n'), output.Index);
            var meaning = output.Metric?.Fingerprint ?? ExprText.Print(View.Derived.Single(d => d.Name == output.Name).Expression);
            lines.Append($"{output.Name} {output.Type.Words()}{(output.Pii ? " pii" : "")}{(output.WindowDays > 0 ? $" {output.WindowDays}d" : "")}: {meaning}\n");
        }
        foreach (var segment in View.Segments) lines.Append($"segment {segment.Name}: {ExprText.Print(segment.Rule)}\n");
        Repository.AssertIs("tests/Domain.Tests/Definitions/customer360.outputs.txt", lines.ToString());
    }

    [Fact]
    public void Entries_OfTheCommittedView_AllHaveADoc()
    {
        Assert.All(View.Metrics, m => Assert.NotEmpty(m.Doc));
        Assert.All(View.Derived, d => Assert.NotEmpty(d.Doc));
        Assert.All(View.Segments, s => Assert.NotEmpty(s.Doc));
    }

    [Fact]
    public void Pii_OfTheCommittedView_IsInheritedByWhatReadsIt() =>
        Assert.Equal(["full_name", "email", "phone", "birth_date", "city", "age"], View.Outputs.Where(o => o.Pii).Select(o => o.Name));
}
