using Lambda.Domain.Expressions;
using Lambda.Domain.Views;

namespace Lambda.Domain.Definitions;

/// <summary>Collects what is wrong, so that one load tells everything.</summary>
internal sealed class ErrorList(string file)
{
    private readonly List<DefinitionError> _errors = [];

    public int Count => _errors.Count;

    public void Add(SourcePlace place, string message) => _errors.Add(new DefinitionError(file, place.Line, place.Column, message));

    public void ThrowIfAny()
    {
        if (_errors.Count > 0) throw new DefinitionException([.. _errors.OrderBy(e => e.Line).ThenBy(e => e.Column)]);
    }
}
