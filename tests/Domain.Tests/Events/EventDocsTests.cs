using System.Reflection;
using System.Runtime.CompilerServices;
using Lambda.Domain.Events;
using Xunit;

namespace Lambda.Domain.Tests.Events;

public sealed class EventDocsTests
{
    /// <summary>After a change of the catalog run once with LAMBDA_REWRITE_DOCS=1 and commit the file.</summary>
    [Fact]
    public void EventsPage_WhenRendered_IsTheCommittedOne()
    {
        var file = Path.Combine(Root(), "docs", "events.md");
        if (Environment.GetEnvironmentVariable("LAMBDA_REWRITE_DOCS") == "1") File.WriteAllText(file, EventDocs.Render());
        Assert.True(File.ReadAllText(file) == EventDocs.Render(), "docs/events.md is not what the catalog says: run this test with LAMBDA_REWRITE_DOCS=1");
    }

    [Fact]
    public void EventsPage_WhenRendered_NamesEveryFieldAndReason()
    {
        var page = EventDocs.Render();
        foreach (var field in EventCatalog.Fields) Assert.Contains($"| `{field.Name}` |", page);
        foreach (var reason in typeof(Reasons).GetFields(BindingFlags.Public | BindingFlags.Static)) Assert.Contains($"| `{reason.GetValue(null)}` |", page);
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
