using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.TestKit.Expressions;
using FsCheck.Xunit;
using Xunit;

namespace Lambda.Domain.Tests.Expressions;

public sealed class ExpressionTextTests
{
    private static readonly FieldRef.Declared[] Declared = [.. Enum.GetValues<ScalarType>().Select(t => new FieldRef.Declared("x_" + t.Word(), t))];

    private static readonly Expr[] Leaves =
        [.. new[] { EventCatalog.AmountMinor, EventCatalog.Lat, EventCatalog.MerchantName, EventCatalog.Success, EventCatalog.BirthDate }.Select(f => new Expr.EventField(new FieldRef.Catalogued(f))),
         .. Declared.Select(f => new Expr.EventField(f)), new Expr.EventField(new FieldRef.OccurredAt())];

    [Property(MaxTest = 2000)]
    public void Print_OfAnyExpression_ParsesBackToIt(int seed)
    {
        var expression = new RandomExpressions(new Random(seed), Leaves, [], nulls: false).Any(5);
        var text = ExprText.Print(expression);
        var parsed = ExpressionText.ParseEvent(text, EventCatalog.Types, Declared, out var errors);
        Assert.True(parsed is not null, $"{string.Join('\n', errors)}\n{text}");
        Assert.Equal(text, ExprText.Print(parsed));
        Assert.Equal(text, ExprText.Print(ExpressionText.ParseEvent(ExprProse.Print(expression), EventCatalog.Types, Declared, out errors)!));
        Assert.Equal(expression.Type, parsed.Type);
    }

    [Property(MaxTest = 2000)]
    public void Parse_OfAnyText_GivesAnExpressionOrAnErrorInsideIt(string text)
    {
        text ??= "";
        var parsed = ExpressionText.ParseAnswer(text, [], out var errors);
        Assert.Equal(parsed is null, errors.Count > 0);
        Assert.All(errors, e => Assert.True(e.Line >= 1 && e.Column >= 1 && e.Column <= text.Length + 1));
    }

    [Theory]
    [InlineData("a or b and not c = d", "(a or (b and (not (c = d))))")]
    [InlineData("not a and b", "((not a) and b)")]
    [InlineData("1 + 2 * 3 - 4 / 5 > 0", "(((1 + (2 * 3)) - (4 / 5)) > 0)")]
    [InlineData("- n * 2 - -3 < 0", "((((- n) * 2) - -3) < 0)")]
    [InlineData("n between 1 and 2 and a", "(((n >= 1) and (n <= 2)) and a)")]
    [InlineData("n not between 1 and 2", "(not ((n >= 1) and (n <= 2)))")]
    [InlineData("n not in (1, 2.5)", "(n not in (1.0, 2.5))")]
    [InlineData("n is not null = a", "found")]
    [InlineData("t <> 'it''s' and t != ''", "((t <> 'it''s') and (t <> ''))")]
    [InlineData("m['travel'] > 1 or top_key(m) = 'travel'", "((m['travel'] > 1) or (top_key(m) = 'travel'))")]
    [InlineData("today > date '2026-01-31'", "(today > date '2026-01-31')")]
    [InlineData("n = -9223372036854775808", "(n = -9223372036854775808)")]
    [InlineData("d = 00012.50", "(d = 12.5)")]
    public void Parse_OfPrecedence_BindsAsWritten(string text, string printed)
    {
        OutputColumn Output(int index, string name, ScalarType type, bool map = false) =>
            new(index, name, OutputKind.Derived, new(type, map), null, 0, map ? ["travel", "(other)"] : null, false, "");
        OutputColumn[] outputs =
        [
            Output(0, "a", ScalarType.Bool), Output(1, "b", ScalarType.Bool), Output(2, "c", ScalarType.Bool), Output(3, "d", ScalarType.Decimal),
            Output(4, "n", ScalarType.Int64), Output(5, "t", ScalarType.Text), Output(6, "m", ScalarType.Int64, map: true),
        ];
        if (text.Contains("c = d")) outputs[3] = outputs[3] with { Type = new(ScalarType.Bool, false) };
        var parsed = ExpressionText.ParseAnswer(text, outputs, out var errors);
        if (printed == "found") Assert.StartsWith("found", Assert.Single(errors).Message);
        else Assert.Equal(printed, parsed is null ? string.Join('\n', errors) : ExprText.Print(parsed));
    }

    [Fact]
    public void Parse_OfDeepNesting_IsRefusedNotOverflowed()
    {
        foreach (var text in new[] { new string('(', 100_000), string.Concat(Enumerable.Repeat("not ", 100_000)), string.Concat(Enumerable.Repeat("- ", 100_000)) })
        {
            Assert.Null(ExpressionText.ParseAnswer(text, [], out var errors));
            Assert.Single(errors);
        }
    }
}
