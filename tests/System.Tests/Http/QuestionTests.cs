using Lambda.Serving.Http;
using Lambda.Serving.Search;
using Lambda.Serving.Security;
using Xunit;

namespace Lambda.SystemTests.Http;

/// <summary>Who may not see personal data can neither show it nor find out about it.</summary>
public sealed class QuestionTests
{
    private static readonly Caller Marketing = new("m", Roles.Marketing, SeesPersonalData: false);

    [Theory]
    [InlineData("full_name = 'x'", null, null)]
    [InlineData("spend > 0 or coalesce(lower(full_name), '') = 'x'", null, null)]
    [InlineData("full_name is null", null, null)]
    [InlineData(null, "full_name", null)]
    [InlineData(null, null, "full_name desc")]
    [InlineData(null, null, "length(full_name)")]
    public void Question_WhenItNamesPersonalDataWithoutTheRight_IsRefused(string? where, string? select, string? orderBy)
    {
        var refused = Assert.Throws<ProblemException>(() => Ask(Marketing, where, select, orderBy));
        Assert.Equal((403, "personal-data"), (refused.Problem.Status, refused.Problem.Code));
        Ask(Caller.Local, where, select, orderBy);
    }

    [Fact]
    public void Question_WhenAllIsAskedForWithoutTheRight_LeavesPersonalDataOut()
    {
        Assert.DoesNotContain(Ask(Marketing, null, "*", null).Columns, c => c.Name == "full_name");
        Assert.Contains(Ask(Caller.Local, null, "*", null).Columns, c => c.Name == "full_name");
    }

    private static Question Ask(Caller caller, string? where, string? select, string? orderBy) =>
        Question.Of(TestView.Definition, caller, where, select is null ? null : [select], orderBy is null ? [] : [orderBy], allByDefault: false);
}
