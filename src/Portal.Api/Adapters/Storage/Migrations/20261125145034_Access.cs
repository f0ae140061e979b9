using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Portal.Api.Adapters.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Access : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // What was given, in the new form.
            migrationBuilder.Sql("CREATE TABLE grants_before AS SELECT \"Id\", \"UserId\", \"Role\", \"Host\" FROM grants;");
            migrationBuilder.DropTable(name: "grants");
            migrationBuilder.CreateTable(
                name: "grants",
                columns: table => new
                {
                    Id = table.Column<string>(nullable: false),
                    SubjectKind = table.Column<string>(maxLength: 8, nullable: false),
                    SubjectId = table.Column<string>(nullable: false),
                    Role = table.Column<string>(maxLength: 64, nullable: false),
                    Scope = table.Column<string>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_grants", x => x.Id);
                });
            migrationBuilder.Sql("""
                INSERT INTO grants ("Id", "SubjectKind", "SubjectId", "Role", "Scope")
                SELECT CAST("Id" AS TEXT), 'user', "UserId", "Role", CASE WHEN "Host" IS NULL THEN 'all' ELSE 'host:' || "Host" END FROM grants_before;
                """);
            migrationBuilder.DropTable(name: "grants_before");

            migrationBuilder.AddColumn<long>(
                name: "CreatedUnix",
                table: "users",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<bool>(
                name: "IsDisabled",
                table: "users",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "TotpKey",
                table: "users",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "TotpStep",
                table: "users",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<long>(
                name: "Version",
                table: "users",
                nullable: false,
                defaultValue: 1L);

            migrationBuilder.AddColumn<string>(
                name: "Client",
                table: "sessions",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "Source",
                table: "sessions",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<long>(
                name: "StartedUnix",
                table: "sessions",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<string>(
                name: "After",
                table: "audit",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "Before",
                table: "audit",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "Source",
                table: "audit",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "TokenId",
                table: "audit",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<int>(
                name: "Version",
                table: "audit",
                nullable: false,
                defaultValue: 1);

            migrationBuilder.CreateTable(
                name: "api_tokens",
                columns: table => new
                {
                    Id = table.Column<string>(nullable: false),
                    Name = table.Column<string>(nullable: false),
                    Prefix = table.Column<string>(nullable: false),
                    SecretHash = table.Column<string>(nullable: false),
                    OwnerKind = table.Column<string>(nullable: false),
                    OwnerId = table.Column<string>(nullable: false),
                    Limits = table.Column<string>(nullable: true),
                    CreatedUnix = table.Column<long>(nullable: false),
                    ExpiresUnix = table.Column<long>(nullable: false),
                    LastUsedUnix = table.Column<long>(nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_api_tokens", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "audit_starts",
                columns: table => new
                {
                    Sequence = table.Column<long>(nullable: false),
                    Hash = table.Column<string>(nullable: false),
                    Signature = table.Column<string>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_audit_starts", x => x.Sequence);
                });

            migrationBuilder.CreateTable(
                name: "host_groups",
                columns: table => new
                {
                    Host = table.Column<string>(nullable: false),
                    Group = table.Column<string>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_host_groups", x => new { x.Host, x.Group });
                });

            migrationBuilder.CreateTable(
                name: "host_restrictions",
                columns: table => new
                {
                    Host = table.Column<string>(nullable: false),
                    Content = table.Column<string>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_host_restrictions", x => x.Host);
                });

            migrationBuilder.CreateTable(
                name: "idempotency_keys",
                columns: table => new
                {
                    Actor = table.Column<string>(nullable: false),
                    Key = table.Column<string>(nullable: false),
                    Request = table.Column<string>(nullable: false),
                    Made = table.Column<string>(nullable: false),
                    ExpiresUnix = table.Column<long>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_idempotency_keys", x => new { x.Actor, x.Key });
                });

            migrationBuilder.CreateTable(
                name: "owners",
                columns: table => new
                {
                    Host = table.Column<string>(nullable: false),
                    Kind = table.Column<string>(nullable: false),
                    ResourceId = table.Column<string>(nullable: false),
                    SubjectKind = table.Column<string>(nullable: false),
                    SubjectId = table.Column<string>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_owners", x => new { x.Host, x.Kind, x.ResourceId, x.SubjectKind, x.SubjectId });
                });

            migrationBuilder.CreateTable(
                name: "recovery_codes",
                columns: table => new
                {
                    UserId = table.Column<string>(nullable: false),
                    Hash = table.Column<string>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_recovery_codes", x => new { x.UserId, x.Hash });
                    table.ForeignKey(
                        name: "FK_recovery_codes_users_UserId",
                        column: x => x.UserId,
                        principalTable: "users",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "roles",
                columns: table => new
                {
                    Name = table.Column<string>(maxLength: 64, nullable: false),
                    Permissions = table.Column<string>(nullable: false),
                    Version = table.Column<long>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_roles", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "settings",
                columns: table => new
                {
                    Name = table.Column<string>(nullable: false),
                    Value = table.Column<string>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_settings", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "teams",
                columns: table => new
                {
                    Id = table.Column<string>(nullable: false),
                    Name = table.Column<string>(maxLength: 64, nullable: false),
                    Version = table.Column<long>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_teams", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "token_families",
                columns: table => new
                {
                    Id = table.Column<string>(nullable: false),
                    UserId = table.Column<string>(nullable: false),
                    StartedUnix = table.Column<long>(nullable: false),
                    LastUsedUnix = table.Column<long>(nullable: false),
                    ExpiresUnix = table.Column<long>(nullable: false),
                    Source = table.Column<string>(nullable: false),
                    Client = table.Column<string>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_token_families", x => x.Id);
                    table.ForeignKey(
                        name: "FK_token_families_users_UserId",
                        column: x => x.UserId,
                        principalTable: "users",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "memberships",
                columns: table => new
                {
                    TeamId = table.Column<string>(nullable: false),
                    UserId = table.Column<string>(nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_memberships", x => new { x.TeamId, x.UserId });
                    table.ForeignKey(
                        name: "FK_memberships_teams_TeamId",
                        column: x => x.TeamId,
                        principalTable: "teams",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_memberships_users_UserId",
                        column: x => x.UserId,
                        principalTable: "users",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "refresh_tokens",
                columns: table => new
                {
                    Hash = table.Column<string>(nullable: false),
                    FamilyId = table.Column<string>(nullable: false),
                    ExpiresUnix = table.Column<long>(nullable: false),
                    UsedUnix = table.Column<long>(nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_refresh_tokens", x => x.Hash);
                    table.ForeignKey(
                        name: "FK_refresh_tokens_token_families_FamilyId",
                        column: x => x.FamilyId,
                        principalTable: "token_families",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_grants_SubjectKind_SubjectId",
                table: "grants",
                columns: new[] { "SubjectKind", "SubjectId" });

            migrationBuilder.CreateIndex(
                name: "IX_audit_Time",
                table: "audit",
                column: "Time");

            migrationBuilder.CreateIndex(
                name: "IX_api_tokens_OwnerKind_OwnerId",
                table: "api_tokens",
                columns: new[] { "OwnerKind", "OwnerId" });

            migrationBuilder.CreateIndex(
                name: "IX_api_tokens_SecretHash",
                table: "api_tokens",
                column: "SecretHash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_idempotency_keys_ExpiresUnix",
                table: "idempotency_keys",
                column: "ExpiresUnix");

            migrationBuilder.CreateIndex(
                name: "IX_memberships_UserId",
                table: "memberships",
                column: "UserId");

            migrationBuilder.CreateIndex(
                name: "IX_refresh_tokens_FamilyId",
                table: "refresh_tokens",
                column: "FamilyId");

            migrationBuilder.CreateIndex(
                name: "IX_teams_Name",
                table: "teams",
                column: "Name",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_token_families_ExpiresUnix",
                table: "token_families",
                column: "ExpiresUnix");

            migrationBuilder.CreateIndex(
                name: "IX_token_families_UserId",
                table: "token_families",
                column: "UserId");

            AppendOnly.AllowTrimming(migrationBuilder);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) =>
            throw new System.NotSupportedException("Teams, roles and scopes do not fit the schema before. Restore a backup of that time.");
    }
}
