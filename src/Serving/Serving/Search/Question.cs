using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Serving.Http;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Search;

/// <summary>
/// What searches and exports ask, checked against the definition whose rows they will see and against what the caller may see. Personal data is refused by
/// name where a caller without the right names it, and left out where nothing was named.
/// </summary>
internal sealed partial class Question
{
    public const string SegmentsName = "segments", AllName = "*";

    private readonly PopulationColumns _columns;
    private readonly Caller _caller;

    private Question(ViewDefinition definition, Caller caller) => (Definition, _columns, _caller) = (definition, PopulationColumns.Of(definition), caller);

    public ViewDefinition Definition { get; }
    public Expr? Where { get; private set; }
    public IReadOnlyList<SortKey> OrderBy { get; private set; } = [];
    public IReadOnlyList<OutputColumn> Columns { get; private set; } = [];
    public bool WithSegments { get; private set; }
    public OutputColumn CustomerId => _columns.CustomerId;

    /// <summary>What is shown, for records.</summary>
    public string ColumnNames => string.Join(", ", Columns.Select(c => c.Name).Concat(WithSegments ? [SegmentsName] : []));

    /// <param name="purpose">What the customers shall be used for: only who agreed to it; null asks nobody.</param>
    /// <exception cref="ProblemException">400: an expression, a name or the purpose is wrong, all errors with their places. 403: personal data.</exception>
    public static Question Of(
        ViewDefinition definition, Caller caller, string? where, IReadOnlyList<string>? select, IReadOnlyList<string> orderBy, bool allByDefault, string? purpose = null)
    {
        var question = new Question(definition, caller);
        var errors = new List<(string Field, DefinitionError Error)>();
        if (where is not null) question.Where = question.Condition(where, errors);
        question.OrderBy = [.. orderBy.Select((text, i) => question.Sort(text, $"order_by[{i}]", errors)).OfType<SortKey>()];
        question.Select(select ?? (allByDefault ? [AllName] : question.Named()), errors);
        if (errors.Count > 0) throw new ProblemException(Wrong(errors));
        if (purpose is not null) question.Restrict(purpose);
        return question;
    }

    /// <summary>Behind what is shown by default: the consent itself was not asked for.</summary>
    private void Restrict(string purpose)
    {
        var agreed = ConsentPurpose.FilterOf(purpose, Definition).Rule;
        Where = Where is null ? agreed : Keyset.And(Where, agreed);
    }

    /// <summary>Equal for equal questions under one definition; the page's size and what is shown do not matter.</summary>
    public byte[] Fingerprint()
    {
        var keys = OrderBy.Select(k => $"{ExprText.Print(k.Value)} {k.Descending} {k.NullsFirst}");
        var text = string.Join('\0', [Definition.Hash, Where is null ? "" : ExprText.Print(Where), .. keys]);
        return SHA256.HashData(Encoding.UTF8.GetBytes(text))[..Cursor.FingerprintBytes];
    }

    private Expr? Condition(string text, List<(string, DefinitionError)> errors)
    {
        var expression = Parse(text, "where", errors);
        if (expression is null || expression.Type == new ResultType(Domain.Events.ScalarType.Bool, false)) return expression;
        errors.Add(("where", new DefinitionError("where", 1, 1, $"a condition is needed, found {expression.Type.Words()}")));
        return null;
    }

    private SortKey? Sort(string text, string field, List<(string, DefinitionError)> errors)
    {
        var parts = SortPattern().Match(text);
        var expression = Parse(parts.Groups["value"].Value, field, errors);
        if (expression is null) return null;
        if (!expression.Type.ByKey) return new SortKey(Keyset.Sortable(expression), parts.Groups["direction"].Value == "desc", parts.Groups["nulls"].Value == "first");
        errors.Add((field, new DefinitionError(field, 1, 1, $"a single value is needed, found {expression.Type.Words()}; take one key with ['key'], or use total or top_key")));
        return null;
    }

    private Expr? Parse(string text, string field, List<(string, DefinitionError)> errors)
    {
        var expression = _columns.Parse(text, out var found);
        errors.AddRange(found.Select(e => (field, e)));
        if (expression is null) return null;
        foreach (var index in ExprTree.Outputs(expression)) RequireVisible(_columns.All[index], field);
        return expression;
    }

    private void Select(IReadOnlyList<string> names, List<(string, DefinitionError)> errors)
    {
        var columns = new List<OutputColumn>();
        foreach (var name in names)
        {
            if (name == AllName)
            {
                columns.AddRange(Definition.Outputs.Concat(_columns.Estimates).Where(IsVisible));
                WithSegments = true;
            }
            else if (_columns.Named(name) is { } column)
            {
                RequireVisible(column, "select");
                if (column.Kind != OutputKind.CustomerId) columns.Add(column); // it is always shown
            }
            else if (name == SegmentsName) WithSegments = true;
            else errors.Add(("select", new DefinitionError("select", 1, 1, $"no metric, derived value or segment is called `{name}`{Suggestion.For(name, [.. _columns.All.Select(c => c.Name), SegmentsName])}")));
        }
        Columns = [.. columns.DistinctBy(c => c.Index)];
    }

    /// <summary>What the conditions and the order are about, to be shown when nothing else is asked for.</summary>
    private IReadOnlyList<string> Named() =>
        [.. OrderBy.Select(k => k.Value).Concat(Where is null ? [] : [Where]).SelectMany(ExprTree.Outputs).Distinct().Select(i => _columns.All[i].Name)];

    private bool IsVisible(OutputColumn column) => !column.Pii || _caller.SeesPersonalData;

    private void RequireVisible(OutputColumn column, string field)
    {
        if (!IsVisible(column))
            throw new ProblemException(new Problem(StatusCodes.Status403Forbidden, "personal-data", $"{field}: `{column.Name}` is personal data, which this key may not see",
                Extensions: to => to.WriteString("parameter", field)));
    }

    private static Problem Wrong(List<(string Field, DefinitionError Error)> errors)
    {
        var (field, first) = errors[0];
        return new Problem(StatusCodes.Status400BadRequest, "bad-expression", $"{field}:{first.Line}:{first.Column}: {first.Message}", Extensions: to =>
        {
            to.WriteString("parameter", field);
            to.WriteStartArray("errors");
            foreach (var (where, error) in errors)
            {
                to.WriteStartObject();
                to.WriteString("field", where);
                to.WriteNumber("line", error.Line);
                to.WriteNumber("column", error.Column);
                to.WriteString("message", error.Message);
                to.WriteEndObject();
            }
            to.WriteEndArray();
        });
    }

    [GeneratedRegex(@"^(?<value>.*?)(\s+(?<direction>asc|desc))?(\s+nulls\s+(?<nulls>first|last))?\s*$", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex SortPattern();
}
