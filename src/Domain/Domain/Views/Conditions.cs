using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.Domain.Views;

/// <summary>
/// The `when` conditions of one event type, cut at their top-level `and`s into terms: metrics share most of theirs (direction, status), and each
/// term is evaluated at most once per event. What a term means its SQL says, so equal text is one term.
/// </summary>
internal sealed class Conditions
{
    public const int Always = -1;

    private readonly Dictionary<string, int> _termsBySql = [];
    private readonly Dictionary<string, int> _conditionsBySql = [];
    private readonly List<Term> _terms = [];
    private readonly List<int[]> _conditions = [];

    /// <summary>Room that <see cref="IsTrue"/> needs, cleared for every event.</summary>
    public int Slots => _terms.Count + _conditions.Count;

    /// <summary>Index of a condition, or <see cref="Always"/>.</summary>
    public int Add(Expr? when)
    {
        if (when is null) return Always;
        var sql = EventSql.EmitCondition(when);
        if (_conditionsBySql.TryGetValue(sql, out var known)) return known;
        _conditionsBySql.Add(sql, _conditions.Count);
        _conditions.Add([.. Conjuncts(when).Select(TermOf)]);
        return _conditions.Count - 1;
    }

    /// <param name="truths">Of this event: 0 not evaluated yet, 1 true, -1 not true.</param>
    public bool IsTrue(int condition, EventRow row, Span<sbyte> truths)
    {
        ref var truth = ref truths[_terms.Count + condition];
        if (truth == 0) truth = AllTrue(_conditions[condition], row, truths) ? (sbyte)1 : (sbyte)-1;
        return truth > 0;
    }

    private bool AllTrue(int[] terms, EventRow row, Span<sbyte> truths)
    {
        foreach (var term in terms)
        {
            ref var truth = ref truths[term];
            if (truth == 0) truth = _terms[term].IsTrue(row) ? (sbyte)1 : (sbyte)-1;
            if (truth < 0) return false;
        }
        return true;
    }

    /// <summary>`a and b` is true exactly where both are: null and false need no telling apart here.</summary>
    private static IEnumerable<Expr> Conjuncts(Expr expression) => expression is Expr.Binary { Operator: BinaryOperator.And } and
        ? Conjuncts(and.Left).Concat(Conjuncts(and.Right))
        : [expression];

    private int TermOf(Expr expression)
    {
        var sql = EventSql.EmitCondition(expression);
        if (_termsBySql.TryGetValue(sql, out var known)) return known;
        _termsBySql.Add(sql, _terms.Count);
        _terms.Add(Term.Of(expression));
        return _terms.Count - 1;
    }

    private abstract class Term
    {
        public abstract bool IsTrue(EventRow row);

        public static Term Of(Expr expression) => expression is Expr.Binary
        {
            Operator: BinaryOperator.Equal,
            Left: Expr.EventField { Field: FieldRef.Catalogued { Field: { Type: ScalarType.Text } field } },
            Right: Expr.Constant { Value: { IsNull: false } text },
        }
            ? new TextIs(field.Ordinal, text.Utf8.ToArray())
            : new Any(EventExpressions.Compile(expression));

        private sealed class TextIs(int ordinal, byte[] text) : Term
        {
            public override bool IsTrue(EventRow row) => row.Has(ordinal) && row.Text(ordinal).SequenceEqual(text);
        }

        private sealed class Any(EventExpression expression) : Term
        {
            public override bool IsTrue(EventRow row) => expression.IsTrue(row);
        }
    }
}
