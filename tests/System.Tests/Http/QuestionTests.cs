using Lambda.Domain.Definitions;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
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

    [Theory]
    [InlineData(null, "marketing", "marketing_consent")]
    [InlineData("spend > 0 or dormant", "third_party", "(((spend > 0) or dormant) and third_party_consent)")]
    public void Question_WhenForAPurpose_IsOnlyOfThoseWhoAgreed(string? where, string purpose, string expected)
    {
        var asked = Question.Of(RealView, Marketing, where, null, [], allByDefault: false, purpose);
        Assert.Equal(expected, ExprText.Print(asked.Where!));
        Assert.DoesNotContain(asked.Columns, c => c.Name.EndsWith("_consent", StringComparison.Ordinal));
        Assert.NotEqual(Question.Of(RealView, Marketing, where, null, [], allByDefault: false).Fingerprint(), asked.Fingerprint()); // a cursor of the one is none of the other
        Assert.Equal(expected, ExprText.Print(Question.Of(RealView, Marketing, expected, null, [], allByDefault: false).Where!)); // as a job goes on
    }

    [Theory]
    [InlineData("no_such_purpose", true)]
    [InlineData("marketing", false)]
    public void Question_WhenNothingSaysWhoAgreed_IsRefused(string purpose, bool isRealView)
    {
        var refused = Assert.Throws<ProblemException>(() => Question.Of(isRealView ? RealView : TestView.Definition, Caller.Local, null, null, [], allByDefault: true, purpose));
        Assert.Equal(400, refused.Problem.Status);
        Assert.Contains("purpose", refused.Problem.Detail, StringComparison.Ordinal);
    }

    private static readonly ViewDefinition RealView =
        DefinitionLoader.Load("views/customer360.yaml", File.ReadAllText(Path.Combine(Repository.Root, "views", "customer360.yaml")));

    private static Question Ask(Caller caller, string? where, string? select, string? orderBy) =>
        Question.Of(TestView.Definition, caller, where, select is null ? null : [select], orderBy is null ? [] : [orderBy], allByDefault: false);
}
