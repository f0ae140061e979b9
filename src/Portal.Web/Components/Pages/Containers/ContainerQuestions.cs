using Microsoft.AspNetCore.Components;
using MudBlazor;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Web.Components.Dialogs;

namespace Portal.Web.Components.Pages.Containers;

/// <summary>What is asked before an action, and what is said after it.</summary>
internal static class ContainerQuestions
{
    private const int Listed = 5;

    /// <summary>Asks where something would be lost. Null when the reader declined; otherwise whether anonymous volumes go too.</summary>
    public static async Task<bool?> ConfirmAsync(IDialogService dialogs, ContainerAction action, IReadOnlyList<ContainerView> views)
    {
        if (!action.IsDestructive())
        {
            return false;
        }

        var what = views.Count == 1 ? views[0].Name : $"{views.Count} containers";
        IReadOnlyList<string> names = views.Count == 1 ? [] : [.. views.Select(view => view.Name)];
        var active = views.Count(view => view.State.IsActive());
        return action == ContainerAction.Kill
            ? await ConfirmDialog.AskAsync(dialogs, $"Kill {what}?", "The process ends at once, without the time to save anything. Stop lets it finish first.", names, "Kill", null)
            : await ConfirmDialog.AskAsync(dialogs, $"Remove {what}?",
                (active, views.Count) switch
                {
                    (0, _) => "What was written inside, outside of volumes, is lost.",
                    (_, 1) => "It is running and will be killed first. What was written inside, outside of volumes, is lost.",
                    _ => $"{active} of them {(active == 1 ? "is" : "are")} running and will be killed first. What was written inside, outside of volumes, is lost.",
                },
                names, "Remove", "Remove anonymous volumes too");
    }

    /// <summary>Says what came of an action on one container.</summary>
    public static void Report(this ISnackbar snackbar, ContainerAction action, string name, Result result)
    {
        if (result.Error is { } error)
        {
            snackbar.Add(Text($"{name}: {error.Message}"), Severity.Error, options => options.VisibleStateDuration = 10_000);
        }
        else
        {
            snackbar.Add(Text($"{action.Done()} {name}"), Severity.Success);
        }
    }

    /// <summary>Says what came of an action on several: how many succeeded, and why each of the others did not.</summary>
    public static void Report(this ISnackbar snackbar, ContainerAction action, BulkOutcome outcome, int skipped)
    {
        var total = outcome.Done + outcome.Failures.Count;
        var text = $"{action.Done()} {outcome.Done} of {total} container{(total == 1 ? "" : "s")}.{(skipped > 0 ? $" {skipped} left alone: nothing to do there." : "")}";
        if (outcome.Failures.Count == 0)
        {
            snackbar.Add(Text(text), Severity.Success);
            return;
        }

        RenderFragment report = builder =>
        {
            builder.OpenElement(0, "div");
            builder.AddAttribute(1, "data-testid", "bulk-report");
            builder.AddContent(2, text);
            builder.OpenElement(3, "ul");
            builder.AddAttribute(4, "class", "report");
            foreach (var (name, error) in outcome.Failures.Take(Listed))
            {
                builder.OpenElement(5, "li");
                builder.AddContent(6, $"{name}: {error.Message}");
                builder.CloseElement();
            }

            if (outcome.Failures.Count > Listed)
            {
                builder.OpenElement(7, "li");
                builder.AddContent(8, $"and {outcome.Failures.Count - Listed} more");
                builder.CloseElement();
            }

            builder.CloseElement();
            builder.CloseElement();
        };
        snackbar.Add(report, outcome.Done == 0 ? Severity.Error : Severity.Warning, options => options.RequireInteraction = true);
    }

    // The plain-text form of a snackbar reads its message as markup; a container's name or an engine's sentence must not be.
    private static RenderFragment Text(string text) => builder => builder.AddContent(0, text);
}
