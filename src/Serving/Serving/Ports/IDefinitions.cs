using Lambda.Domain.Views;

namespace Lambda.Serving.Ports;

/// <summary>The definitions the engine knows: the one that answers, and one accepted for the next run.</summary>
public interface IDefinitions
{
    /// <summary>The one that answers now.</summary>
    ViewDefinition Current { get; }

    /// <summary>Accepted, takes effect at the next run; null when there is none.</summary>
    ViewDefinition? Next { get; }

    /// <summary>Checks a definition without taking it.</summary>
    /// <exception cref="DefinitionException">File, line, column and what was expected.</exception>
    ViewDefinition Check(string text, string file);

    /// <summary>Checks and stores it durably: the next run computes it. The one that answers stays until then. The same text as the current one withdraws a pending one.</summary>
    /// <exception cref="DefinitionException">It was refused; nothing changed.</exception>
    ValueTask<ViewDefinition> AdoptAsync(string text, string file, CancellationToken cancel);
}
