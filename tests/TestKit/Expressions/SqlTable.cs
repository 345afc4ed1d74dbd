using System.Net.Http;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;

namespace Lambda.TestKit.Expressions;

/// <summary>A table in the local warehouse for comparing values with ClickHouse: rows in as JSON, expressions out as text.</summary>
public sealed class SqlTable(Uri url, string name, string columns) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = url };

    public async Task CreateAsync() => await RunAsync($"CREATE OR REPLACE TABLE {name} ({columns}) ENGINE = Memory");

    public async Task ReplaceAsync(IEnumerable<object> rows)
    {
        await RunAsync($"TRUNCATE TABLE {name}");
        var body = string.Join('\n', rows.Select(r => JsonSerializer.Serialize(r)));
        await SendAsync($"?query={Uri.EscapeDataString($"INSERT INTO {name} FORMAT JSONEachRow")}", body);
    }

    /// <summary>One string per row and expression, as <see cref="Text"/> writes values.</summary>
    /// <param name="compiled">Whether ClickHouse compiles to machine code at once, which by default it does from the fourth execution on: it has had other results there.</param>
    public async Task<string[][]> SelectAsync(IEnumerable<string> columns, bool compiled)
    {
        var settings = compiled ? "compile_expressions = 1, min_count_to_compile_expression = 0" : "compile_expressions = 0";
        var tsv = await RunAsync($"SELECT {string.Join(",\n", columns)} FROM {name} ORDER BY row_number FORMAT TSV SETTINGS {settings}");
        return tsv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).ToArray();
    }

    /// <summary>The smallest part of an expression on which ClickHouse and the evaluator differ in a row: where to look.</summary>
    public async Task<string> ExplainAsync(Expr expression, int row, bool compiled, Func<Expr, string> emit, Func<Expr, Value> evaluate)
    {
        var parts = Parts(expression).Where(p => !p.Type.ByKey).DistinctBy(ExprText.Print).ToList();
        var actual = (await SelectAsync(parts.Select(p => Column(p.Type.Scalar, emit(p))), compiled))[row];
        var text = $"row {row}: {ExprText.Print(expression)}\n";
        for (var i = 0; i < parts.Count; i++)
        {
            var expected = Text(evaluate(parts[i]));
            if (expected == actual[i]) continue;
            text += $"differs in {ExprText.Print(parts[i])}: C# {expected}, SQL {actual[i]}\n{emit(parts[i])}\n";
            foreach (var child in ExprTree.Children(parts[i]).Where(c => !c.Type.ByKey)) text += $"  {ExprText.Print(child)} = {Text(evaluate(child))}\n";
            break;
        }
        return text;
    }

    private static IEnumerable<Expr> Parts(Expr expression) => ExprTree.Children(expression).SelectMany(Parts).Append(expression);

    /// <summary>SQL that writes the expression of a type as <see cref="Text"/> does.</summary>
    public static string Column(ScalarType type, string sql) => type == ScalarType.Text ? $"hex({sql})" : $"toString({sql})";

    public static string Text(Value value) =>
        value.IsNull ? "\\N" : value.Type == ScalarType.Text ? Convert.ToHexString(value.Utf8) : value.Number.ToString();

    public static string ColumnType(ScalarType type) => type switch
    {
        ScalarType.Decimal => "Int128",
        ScalarType.Text => "String",
        ScalarType.Bool => "Bool",
        ScalarType.Day => "Int32",
        _ => "Int64",
    };

    /// <summary>A value as JSONEachRow reads it.</summary>
    public static object? Json(Value value) => value.IsNull ? null : value.Type switch
    {
        ScalarType.Text => value.ToString(),
        ScalarType.Bool => value.IsTrue,
        _ => value.Number.ToString(),
    };

    public void Dispose() => _http.Dispose();

    private Task<string> RunAsync(string sql) => SendAsync("", sql);

    private async Task<string> SendAsync(string query, string body)
    {
        using var response = await _http.PostAsync("/" + query, new ByteArrayContent(Encoding.UTF8.GetBytes(body)));
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? text : throw new InvalidOperationException($"{text[..Math.Min(text.Length, 400)]}\n{body[..Math.Min(body.Length, 2_000)]}");
    }
}
