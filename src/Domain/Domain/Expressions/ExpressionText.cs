using Lambda.Domain.Events;
using Lambda.Domain.Views;

namespace Lambda.Domain.Expressions;

/// <summary>Texts to checked expressions.</summary>
public static class ExpressionText
{
    /// <summary>A condition or value over the outputs of a view: what derived values, segments and searches are written in.</summary>
    /// <returns>The expression, or null and at least one error; lines count from 1 within the text.</returns>
    public static Expr? ParseAnswer(string text, IReadOnlyList<OutputColumn> outputs, out IReadOnlyList<DefinitionError> errors) =>
        Parse(text, new AnswerScope(outputs), out errors);

    /// <summary>The same over what a search may name.</summary>
    internal static Expr? ParseSearch(string text, PopulationColumns columns, out IReadOnlyList<DefinitionError> errors) => Parse(text, new AnswerScope(columns.All, name =>
        EventCatalog.FieldNamed(name) is not null ? null : $"no metric, derived value or segment is called `{name}`{Suggestion.For(name, [.. columns.All.Select(c => c.Name), "today"])}"), out errors);

    /// <summary>A condition or value over one event of the given types.</summary>
    public static Expr? ParseEvent(string text, IReadOnlyList<EventType> of, IReadOnlyList<FieldRef.Declared> declared, out IReadOnlyList<DefinitionError> errors) =>
        Parse(text, new EventScope(of, declared), out errors);

    private static Expr? Parse(string text, IScope scope, out IReadOnlyList<DefinitionError> errors)
    {
        var found = new List<DefinitionError>();
        errors = found;
        return Parse(text, scope, at => PlaceIn(text, at), (place, message) => found.Add(new DefinitionError("expression", place.Line, place.Column, message)));
    }

    /// <param name="placeOf">Place in the file of an offset in the text.</param>
    internal static Expr? Parse(string text, IScope scope, Func<int, SourcePlace> placeOf, Action<SourcePlace, string> report)
    {
        try
        {
            return new Checker(scope, placeOf, report).Check(Parser.Parse(text));
        }
        catch (SyntaxException error)
        {
            report(placeOf(error.At), error.Message);
            return null;
        }
    }

    private static SourcePlace PlaceIn(string text, int at)
    {
        var before = text.AsSpan(0, at);
        return new SourcePlace(before.Count('\n') + 1, at - before.LastIndexOf('\n'));
    }
}
