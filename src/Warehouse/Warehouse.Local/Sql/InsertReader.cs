using System.Text;
using Lambda.Warehouse.Local.Engine;

namespace Lambda.Warehouse.Local.Sql;

/// <summary>Finds where the SQL of an INSERT ends and its data begins, as ClickHouse's own parser does.</summary>
internal static class InsertReader
{
    internal static QueryError InfileRefused() =>
        QueryError.Of(78, "UNKNOWN_TYPE_OF_QUERY", "Query has infile and was send directly to server");

    /// <param name="scanner">Behind the word INSERT.</param>
    internal static Statement Read(ref SqlScanner scanner, ReadOnlySpan<byte> sql, bool isWhole)
    {
        var incomplete = new Statement(StatementKind.Incomplete, 0, 0, null, false);
        var previous = SkipTarget(ref scanner);
        var depth = 0;
        while (true)
        {
            var token = scanner.Next();
            // A token that touches the end of a partial text may go on behind it.
            if (!isWhole && token.End >= sql.Length)
                return incomplete;
            if (token.Kind is TokenKind.End or TokenKind.Semicolon or TokenKind.Unterminated)
                return Rewind(ref scanner, sql, isWhole);
            if (token.Kind is TokenKind.Open or TokenKind.Close)
                depth += token.Kind == TokenKind.Open ? 1 : -1;
            else if (IsSelect(ref scanner, token) && (depth == 0 || sql[previous.Start] == '('))
                return Rewind(ref scanner, sql, isWhole);
            else if (depth == 0 && scanner.Is(token, "INFILE"u8))
                throw InfileRefused();
            else if (depth == 0 && scanner.Is(token, "VALUES"u8))
                return new Statement(StatementKind.InsertData, token.Start, token.End, "Values", false);
            else if (depth == 0 && scanner.Is(token, "FORMAT"u8))
                return ReadFormat(ref scanner, sql, token.Start, isWhole);
            previous = token;
        }
    }

    /// <summary>Steps over [INTO] [TABLE] name: a table may be called format or values.</summary>
    private static Token SkipTarget(ref SqlScanner scanner)
    {
        var token = scanner.Next();
        if (scanner.Is(token, "INTO"u8))
            token = scanner.Next();
        if (scanner.Is(token, "FUNCTION"u8))
            return scanner.Next();
        if (scanner.Is(token, "TABLE"u8))
            token = scanner.Next();
        while (true)
        {
            var before = scanner.Position;
            var dot = scanner.Next();
            if (!scanner.IsByte(dot, '.'))
            {
                scanner.Position = before;
                return token;
            }
            token = scanner.Next();
        }
    }

    private static bool IsSelect(ref SqlScanner scanner, Token token) =>
        scanner.Is(token, "SELECT"u8) || scanner.Is(token, "WITH"u8) || scanner.Is(token, "WATCH"u8);

    private static Statement ReadFormat(ref SqlScanner scanner, ReadOnlySpan<byte> sql, int headEnd, bool isWhole)
    {
        var name = scanner.Next();
        var start = name.End;
        while (start < sql.Length && sql[start] is (byte)' ' or (byte)'\t' or (byte)'\f')
            start++;
        // Not decided by a partial text: the name may go on, and up to two bytes of line end belong to the head.
        if (!isWhole && start + 2 > sql.Length)
            return new Statement(StatementKind.Incomplete, 0, 0, null, false);
        if (start < sql.Length && sql[start] == ';')
            throw QueryError.Of(62, "SYNTAX_ERROR", "You have excessive ';' symbol before data for INSERT.");
        if (start < sql.Length && sql[start] == '\r')
            start++;
        if (start < sql.Length && sql[start] == '\n')
            start++;
        var format = Encoding.UTF8.GetString(sql[name.Start..name.End].Trim("\"`"u8));
        return new Statement(StatementKind.InsertData, headEnd, start, format, false);
    }

    private static Statement Rewind(ref SqlScanner scanner, ReadOnlySpan<byte> sql, bool isWhole)
    {
        scanner.Position = 0;
        return Statement.ReadQuery(ref scanner, sql, isWhole);
    }
}
