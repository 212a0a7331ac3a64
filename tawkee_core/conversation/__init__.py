"""What happens between a customer's message and our reply.

receive → (store, echoes, statuses) → claim → think → commit → send, with handover and interactions deciding who
speaks."""
