using System.Runtime.InteropServices;
using System.Text;

namespace Lambda.Warehouse.Local.Engine;

/// <summary>Name and value of a query parameter; the value is TSV-escaped text, as on ClickHouse's HTTP interface.</summary>
internal readonly record struct QueryParameter(string Name, string Value);

/// <summary>Query parameters as the arrays of pointers and lengths libchdb wants. Dispose after the call.</summary>
internal sealed unsafe class NativeParameters : IDisposable
{
    private readonly List<nint> _blocks = [];

    internal NativeParameters(IReadOnlyList<QueryParameter> parameters)
    {
        Count = (nuint)parameters.Count;
        if (parameters.Count == 0)
            return;
        Names = (byte**)Allocate(parameters.Count * sizeof(nint));
        NameLengths = (nuint*)Allocate(parameters.Count * sizeof(nint));
        Values = (byte**)Allocate(parameters.Count * sizeof(nint));
        ValueLengths = (nuint*)Allocate(parameters.Count * sizeof(nint));
        for (var i = 0; i < parameters.Count; i++)
        {
            Names[i] = Copy(parameters[i].Name, out NameLengths[i]);
            Values[i] = Copy(parameters[i].Value, out ValueLengths[i]);
        }
    }

    internal nuint Count { get; }
    internal byte** Names { get; }
    internal nuint* NameLengths { get; }
    internal byte** Values { get; }
    internal nuint* ValueLengths { get; }

    public void Dispose()
    {
        foreach (var block in _blocks)
            NativeMemory.Free((void*)block);
        _blocks.Clear();
    }

    private byte* Copy(string text, out nuint length)
    {
        length = (nuint)Encoding.UTF8.GetByteCount(text);
        var target = (byte*)Allocate((int)length + 1);
        Encoding.UTF8.GetBytes(text, new Span<byte>(target, (int)length));
        return target;
    }

    private void* Allocate(int bytes)
    {
        var block = NativeMemory.Alloc((nuint)bytes);
        _blocks.Add((nint)block);
        return block;
    }
}

internal static unsafe class NativeText
{
    /// <summary>A C string in UTF-8, or null. Bytes that are no UTF-8 become replacement characters.</summary>
    internal static string? Read(byte* text) =>
        text == null ? null : Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
}
