"""The root of Offhook's exceptions, and the tree of all of them.

OffhookError
├── AccountRefused                          storage.account_errors
├── ActionFailed                            telephony.ami.protocol
│   ├── ActionRefused                       telephony.ami.protocol
│   ├── LinkDown                            telephony.ami.protocol
│   └── OutcomeUnknown                      telephony.ami.protocol
├── AgiError                                telephony.agi.agi_wire
├── AmiLoginRefused                         telephony.ami.lifecycle
├── AptError                                telephony.asterisk.apt
├── CallbackRefused                         campaigns.callbacks
├── CallerUnreadable                        centre.callers
├── CampaignRefused                         campaigns.campaign_refusals
├── ChangeConflict                          centre.directory_service
├── ChangeForbidden                         centre.directory_service
├── ChangeRefused                           centre.directory_service
├── ChoicesRefused                          campaigns.project_choices
├── ConsoleRefused                          farend.console_client
├── DayError                                simulation.run
├── DispositionRefused                      campaigns.dispositions
├── DoNotCallRefused                        campaigns.do_not_call
├── DoesNotFit                              ivr_flows.trying.rehearsal
├── FarEndError                             farend.ami_client
├── FlowRefused                             publishing.flow_words
├── HungUp                                  telephony.agi.agi_wire
│   └── ConnectionGone                      telephony.agi.agi_wire
├── LevelsRefused                           console.centre.skill_matrix
├── ListRefused                             campaigns.lead_lists
├── LoginRefused                            storage.account_errors
├── MappingRefused                          campaigns.lead_columns
├── NoSuchChange                            centre.directory_service
├── NotADay                                 console.lead_lists.listing_form
├── NotAFileError                           machine.safe_files
├── NotAService                             publishing.inner_services
├── NotOfType                               ivr_flows.values
├── NotSaved                                bench.console_forms
├── NothingToChange                         centre.directory_service
├── OperatorError
│   ├── AsteriskError                       telephony.asterisk.process
│   ├── BackupError                         offhook.backup_archive
│   ├── CannotKeep                          configuration.in_force
│   ├── CannotListen                        telephony.agi.server
│   ├── CannotServe                         offhook.console_work
│   ├── CentreCommandError                  offhook.centre_commands
│   ├── ConfigError                         configuration.centre_file
│   ├── ControlError                        supervision.control
│   ├── ControllerError                     supervision.controller_process
│   ├── DirectoryBroken                     centre.directory_store
│   ├── DocumentError                       documents.document_errors
│   ├── FlowsNotMoved                       offhook.flow_transfer_commands
│   ├── NoRoom                              bench.many_calls
│   ├── PiperError                          offhook.piper_set_up
│   ├── ProvisionError                      telephony.asterisk.provision
│   ├── SecretsError                        configuration.secrets
│   ├── SimulateError                       simulation.command_line
│   ├── StackError                          offhook.stack_error
│   ├── StorageError                        storage.database_errors
│   │   ├── DatabaseRefused                 storage.database_errors
│   │   ├── DatabaseUnreachable             storage.database_errors
│   │   │   └── NotAnAddress                storage.database_errors
│   │   ├── DumpFailed                      storage.database_errors
│   │   ├── EmbeddedServerFailed            storage.database_errors
│   │   ├── OutboxTaken                     storage.database_errors
│   │   ├── SchemaBroken                    storage.database_errors
│   │   └── SchemaTooNew                    storage.database_errors
│   └── TooFewFiles                         machine.open_files
├── OutOfReach                              console.kit.access
├── PhoneWithoutPassword                    centre.phone_setups
├── PhonesFailed                            bench.phones
├── ProgramEndless                          prompts.programs
├── ProgramHung                             prompts.programs
├── ProgramMissing                          prompts.programs
├── PromptError                             prompts.sounds
├── RecordingKept                           recordings.faults
├── RecordingLost                           recordings.faults
│   └── RecordingForeign                    recordings.faults
├── RecordingRefused                        prompt_library.recording_words
├── RequestRefused                          console.kit.error_pages
├── RightsRefused                           publishing.right_words
├── RouteWithoutRule                        console.kit.routing
├── SessionRefused                          telephony.agi.agi_wire
├── SheetUnreadable                         documents.sheets
├── SippFailed                              bench.sipp
├── SoundRefused                            prompts.converting
├── SpeechError                             prompts.speech
├── Stuck                                   ivr_flows.walk_limits
├── TooManyReplays                          console.flows.replay_runs
├── TooManyReports                          console.reports.report_runs
├── UnknownNodeError                        ivr_flows.interpreter
├── UnknownPolicyError                      simulation.chosen
├── UnlistedStepError                       dialer.attempt_stages
├── UnlistedTransitionError                 acd.agent_states
├── UnsuitableOption                        dialer.policy
├── WireError                               telephony.ami.ami_wire
├── WorkRefused                             worklist.entries
└── WrongMenu                               console.kit.routing

An OperatorError has one line for whoever runs the centre. The others are caught where they mean
something, or are bugs. Exceptions whose names begin with _ stay in their module.
"""


class OffhookError(Exception):
    """The root of all of Offhook's own exceptions."""


class OperatorError(OffhookError):
    """A fault in the surroundings that whoever runs the centre can put right.

    Its text is one line (what is wrong, where, what to do); the command line prints it and exits.
    """
