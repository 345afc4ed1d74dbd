using Lambda.Domain.Views;
using Lambda.Serving.Http;

namespace Lambda.Serving.Search;

/// <summary>A purpose that somebody names, checked: nobody can be said to have agreed to what the definition has no metric for.</summary>
internal static class ConsentPurpose
{
    /// <exception cref="ProblemException">400: no such purpose.</exception>
    public static string? Of(string? purpose, ViewDefinition definition) => purpose is null ? null : FilterOf(purpose, definition).Purpose;

    /// <exception cref="ProblemException">400: no such purpose.</exception>
    public static ConsentFilter FilterOf(string purpose, ViewDefinition definition) => ConsentFilter.For(definition, purpose)
        ?? throw new ProblemException(Problem.BadParameter("purpose", purpose, $"one of {string.Join(", ", ConsentFilter.Purposes)} that the definition has a metric of consent for"));
}
