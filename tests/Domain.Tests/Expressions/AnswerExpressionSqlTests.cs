using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.TestKit;
using Lambda.TestKit.Expressions;
using Xunit;

namespace Lambda.Domain.Tests.Expressions;

/// <summary>Answer expressions mean the same in C# and in ClickHouse, bit for bit.</summary>
[Collection(LocalWarehouseCollection.Name)]
public sealed class AnswerExpressionSqlTests(LocalWarehouseFixture warehouse)
{
    private const int ExpressionsPerRun = 30, RowsPerRun = 40;

    private static readonly string[] Keys = ["groceries", "travel", "it's", "(other)"];

    // Two scalars of every type, then maps.
    private static readonly Expr.Output[] Outputs =
    [
        .. Enum.GetValues<ScalarType>().Concat(Enum.GetValues<ScalarType>()).Select((type, i) => new Expr.Output(i, $"o{i}", new(type, false))),
        .. new[] { ScalarType.Int64, ScalarType.Decimal, ScalarType.Text, ScalarType.Day }.Select((type, i) => new Expr.Output(12 + i, $"o{12 + i}", new(type, true), Keys)),
    ];

    private static readonly string Columns = "row_number UInt32, today Int32, " + string.Join(", ", Outputs.Select(o =>
        $"{o.Name} {(o.OutputType.ByKey ? $"Map(String, {SqlTable.ColumnType(o.OutputType.Scalar)})" : $"Nullable({SqlTable.ColumnType(o.OutputType.Scalar)})")}"));

    [SkippableFact]
    public async Task Emit_RandomExpressionsOverRandomAnswers_GivesTheEvaluatorsValues()
    {
        using var table = new SqlTable(warehouse.Url, "answer_expressions", Columns);
        await table.CreateAsync();
        for (var seed = Rounds.FirstSeed; seed < Rounds.FirstSeed + Rounds.Count; seed++) await CompareAsync(table, seed);
    }

    /// <summary>Random trees seldom come upon an exact half or a bound: here every arithmetic function meets them directly.</summary>
    [SkippableFact]
    public async Task Emit_ArithmeticOverBoundsAndHalves_GivesTheEvaluatorsValues()
    {
        using var table = new SqlTable(warehouse.Url, "arithmetic", Columns);
        await table.CreateAsync();
        string[] texts =
        [
            "o0 + o6", "o0 - o6", "o0 * o6", "o0 / o6", "- o0", "abs(o0)", "o1 + o7", "o1 - o7", "o1 * o7", "o1 / o7", "o1 / o0", "o0 / o1", "o0 * o1", "- o1", "abs(o1)",
            "o1 * 0.5", "o1 / 2", "o1 / 3.0", "o1 / -0.000002", "floor(o1)", "ceil(o1)", "round(o1)", "round(o1 / 10, 5)", "least(o0, o1)", "greatest(o1, o7, o0)",
            .. Enumerable.Range(0, 7).Select(digits => $"round(o7, {digits})"),
        ];
        OutputColumn[] outputs = [.. Outputs.Select(o => new OutputColumn(o.Index, o.Name, OutputKind.Derived, o.OutputType, null, 0, o.Keys, false, ""))];
        var expressions = texts.Select(t => ExpressionText.ParseAnswer(t, outputs, out _)!).ToList();
        for (var seed = 0; seed < 2; seed++) await CompareAsync(table, seed, new Random(seed), expressions, rowCount: 1500);
    }

    private static Task CompareAsync(SqlTable table, int seed)
    {
        var random = new Random(seed);
        var generator = new RandomExpressions(random, [.. Outputs.Where(o => !o.OutputType.ByKey), new Expr.Today()], [.. Outputs.Where(o => o.OutputType.ByKey)]);
        var expressions = Enumerable.Range(0, ExpressionsPerRun).Select(i => i % 2 == 0 ? generator.Of(ScalarType.Bool, 4) : generator.Any(4)).ToList();
        return CompareAsync(table, seed, random, expressions, RowsPerRun);
    }

    private static async Task CompareAsync(SqlTable table, int seed, Random random, IReadOnlyList<Expr> expressions, int rowCount)
    {
        var rows = Enumerable.Range(0, rowCount).Select(_ => new RandomAnswer(Outputs, random)).ToList();
        await table.ReplaceAsync(rows.Select((r, i) => r.Json(i)));

        var bools = expressions.Where(e => e.Type.Scalar == ScalarType.Bool).ToList();
        var actual = await table.SelectAsync(
        [
            .. expressions.Select(e => SqlTable.Column(e.Type.Scalar, AnswerSql.Emit(e, i => $"o{i}", "today"))),
            .. bools.Select(e => $"toString({AnswerSql.EmitCondition(e, i => $"o{i}", "today")})"),
        ], compiled: seed % 2 == 0);
        var compiled = expressions.Select(AnswerExpressions.Compile).ToList();
        var conditions = bools.Select(AnswerExpressions.Compile).ToList();
        for (var row = 0; row < rows.Count; row++)
        {
            var answer = rows[row];
            string[] expected =
            [
                .. compiled.Select(e => SqlTable.Text(e.Evaluate(answer.Scalars, answer.Maps, answer.Today))),
                .. conditions.Select(e => e.IsTrue(answer.Scalars, answer.Maps, answer.Today) ? "1" : "0"),
            ];
            for (var i = 0; i < expected.Length; i++)
            {
                var expression = i < expressions.Count ? expressions[i] : bools[i - expressions.Count];
                if (expected[i] == actual[row][i]) continue;
                Assert.Fail($"seed {seed} " + await table.ExplainAsync(expression, row, seed % 2 == 0, e => AnswerSql.Emit(e, o => $"o{o}", "today"), e => AnswerExpressions.Compile(e).Evaluate(answer.Scalars, answer.Maps, answer.Today)));
            }
        }
    }

    private sealed class RandomAnswer
    {
        private readonly Expr.Output[] _outputs;

        public RandomAnswer(Expr.Output[] outputs, Random random)
        {
            _outputs = outputs;
            Today = random.Next(19_000, 22_000);
            Scalars = new Value[outputs.Length];
            Maps = new Value[]?[outputs.Length];
            foreach (var output in outputs)
            {
                if (output.OutputType.ByKey) Maps[output.Index] = [.. output.Keys!.Select(_ => random.Next(3) == 0 ? Value.Null(output.OutputType.Scalar) : RandomValues.Of(output.OutputType.Scalar, random))];
                else Scalars[output.Index] = RandomValues.Of(output.OutputType.Scalar, random);
            }
        }

        public Value[] Scalars { get; }
        public Value[]?[] Maps { get; }
        public int Today { get; }

        public Dictionary<string, object?> Json(int number)
        {
            var json = new Dictionary<string, object?> { ["row_number"] = number, ["today"] = Today };
            foreach (var output in _outputs)
                json[output.Name] = Maps[output.Index] is { } map
                    ? output.Keys!.Zip(map).Where(k => !k.Second.IsNull).ToDictionary(k => k.First, k => SqlTable.Json(k.Second))
                    : SqlTable.Json(Scalars[output.Index]);
            return json;
        }
    }
}
